import Layers
import Networks
import Objectives
import Testing

@Suite struct HeadTests {
  /// Layers are numbered as in torch's `Sequential`; SimSiam's last bias alone stays as it was drawn.
  @Test func namesAreThoseOfASequential() {
    let projector = SimSiam(.init(projector: [11, 6], predictorHidden: 4), featureCount: 9).projector
    #expect(
      projector.parameters.map(\.name) == [
        "projector.0.weight", "projector.1.weight", "projector.1.bias", "projector.3.weight",
        "projector.4.weight", "projector.4.bias", "projector.6.weight", "projector.6.bias",
      ])
    #expect(projector.parameters.filter { !$0.isTrainable }.map(\.name) == ["projector.6.bias"])
    #expect(
      SimCLR(.init(projector: [11, 6]), featureCount: 9).projector.parameters.map(\.name) == [
        "projector.0.weight", "projector.1.weight", "projector.1.bias", "projector.3.weight",
        "projector.3.bias",
      ])
  }
}
