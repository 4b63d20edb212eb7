import GoldenCases
import Layers
import Tensors
import TestSupport
import Testing

@testable import Networks

@Suite struct VGGTests {
  /// Contract C8: what torchvision's `vgg16_bn().features` calls its tensors, biases of convolutions left out.
  @Test func namesAndShapesAreTorchvisions() {
    var configuration = VGGConfiguration(depth: 16)
    configuration.gated = false
    let network = StackedBackbone(configuration)
    let expected: [(number: Int, shape: [Int])] = [
      (0, [64, 3, 3, 3]), (3, [64, 64, 3, 3]), (7, [128, 64, 3, 3]), (10, [128, 128, 3, 3]),
      (14, [256, 128, 3, 3]), (17, [256, 256, 3, 3]), (20, [256, 256, 3, 3]), (24, [512, 256, 3, 3]),
      (27, [512, 512, 3, 3]), (30, [512, 512, 3, 3]), (34, [512, 512, 3, 3]), (37, [512, 512, 3, 3]),
      (40, [512, 512, 3, 3]),
    ]
    #expect(
      network.parameters.map { "\($0.name) \($0.shape)" }
        == expected.flatMap { number, shape in
          [
            "features.\(number).weight \(shape)", "features.\(number + 1).weight \([shape[0]])",
            "features.\(number + 1).bias \([shape[0]])",
          ]
        })
    #expect(network.blueprint.featureCount == 512)
  }

  /// The numbers of convolutions among torchvision's modules, of networks with one convolution in a stage and with four.
  @Test func otherDepthsAreTorchvisions() {
    func convolutions(_ depth: Int) -> [Int] {
      VGGConfiguration(depth: depth).blueprint.sites.compactMap { Int($0.name.dropFirst("features.".count)) }
    }
    #expect(convolutions(11) == [0, 4, 8, 11, 15, 18, 22, 25])
    #expect(convolutions(13) == [0, 3, 7, 10, 14, 17, 21, 24, 28, 31])
    #expect(
      convolutions(19) == [0, 3, 7, 10, 14, 17, 20, 23, 27, 30, 33, 36, 40, 43, 46, 49])
    #expect(VGGConfiguration.depths.allSatisfy { VGGConfiguration(depth: $0).depth == $0 })
    // torchvision's counts with the classifier and 4,224 biases, 138,365,992, and without.
    let parameters = StackedBackbone(VGGConfiguration(depth: 16)).parameters
    let dense = parameters.filter { !$0.name.contains(".gate.") }
    #expect(dense.reduce(0) { $0 + $1.count } == 138_365_992 - 123_642_856 - 4224)
  }

  @Test func gatesStandBehindAllButTheLastOfAStage() {
    let blueprint = VGGConfiguration(depth: 16).blueprint
    #expect(
      blueprint.gates.map(\.name)
        == [7, 14, 17, 24, 27, 34, 37].map { "features.\($0).gate" })
    #expect(blueprint.gates.map(\.inChannels) == [64, 128, 256, 256, 512, 512, 512])
    #expect(blueprint.gates.map(\.channels) == [128, 256, 256, 512, 512, 512, 512])
    #expect(blueprint.gateLabels == blueprint.gates.map(\.name))
    #expect(blueprint.stages.map(\.name) == ["stage1", "stage2", "stage3", "stage4", "stage5"])
    #expect(blueprint.stages.map(\.channels) == [64, 128, 256, 512, 512])
    // One gate each: blocks lend them their names.
    #expect(
      VGGConfiguration(depth: 11).blueprint.gateLabels == ["stage3", "stage4", "stage5"])
    for parameter in StackedBackbone(VGGConfiguration(depth: 16)).parameters {
      #expect(parameter.decays != parameter.name.contains(".gate."), "\(parameter.name)")
    }
  }

  @Test(arguments: VGGConfiguration.depths) func mapsAreHalvedFiveTimes(depth: Int) {
    var configuration = VGGConfiguration(depth: depth)
    for (size, sizes) in [
      (32, [32, 16, 8, 4, 2]), (224, [224, 112, 56, 28, 14]), (63, [63, 31, 15, 7, 3]),
    ] {
      configuration.inputSize = size
      let found = configuration.blueprint.sites.map(\.shape.outHeight)
      #expect(Set(found) == Set(sizes) && found == found.sorted(by: >))
    }
  }

  /// Images that leave odd maps: backward reaches every parameter, last first.
  @Test(arguments: VGGConfiguration.depths)
  func backwardReachesEveryParameter(depth: Int) throws {
    let network = StackedBackbone(smallNetwork(depth: depth))
    initializeWeights(backbone: network, heads: [], seed: 3)
    let ready = ReadyParameters()
    let pass = Pass(
      .training, rows: 8, views: 2, shardSize: 2, pool: .forKernels(threads: 2), noise: DrawnNoise(seed: 4),
      listener: ready)
    var numbers = TestNumbers(seed: 46)
    let images = Tensor(shape: [8, 3, 39, 39], lanes: 1, numbers.normals(8 * 3 * 39 * 39))
    let (features, gates) = try network.forward(images, in: pass)
    #expect(gates.count == network.blueprint.gates.count)
    #expect(features.channels == 64 && features.isMatrix)
    try network.backward(
      Tensor(rows: 8, columns: 64, numbers.normals(8 * 64)), maskGradients: [], in: pass)
    #expect(ready.names == network.parameters.reversed().map(\.name))
    for parameter in network.parameters {
      #expect(parameter.gradientArray.contains { $0 != 0 }, "\(parameter.name)")
      #expect(parameter.gradientArray.allSatisfy { $0.isFinite }, "\(parameter.name)")
    }
  }
}
