import GoldenCases
import Layers
import Tensors
import TestSupport
import Testing

@testable import Networks

@Suite struct ResNetTests {
  /// Contract C8: torchvision's names and layouts, gates beside them.
  @Test func namesAndShapesAreTorchvisions() {
    let network = ResNet(ResNetConfiguration())
    var expected: Set = ["conv1.weight", "bn1.weight", "bn1.bias"]
    for stage in 1...4 {
      for number in 0..<2 {
        let block = "layer\(stage).\(number)"
        for norm in ["bn1", "bn2"] {
          expected.formUnion(["\(block).\(norm).weight", "\(block).\(norm).bias"])
        }
        expected.formUnion(["\(block).conv1.weight", "\(block).conv2.weight"])
        expected.formUnion(["0.weight", "1.weight", "1.bias", "3.weight"].map { "\(block).gate.\($0)" })
        if stage > 1, number == 0 {
          expected.formUnion(["0.weight", "1.weight", "1.bias"].map { "\(block).downsample.\($0)" })
        }
      }
    }
    #expect(Set(network.parameters.map(\.name)) == expected)
    #expect(network.parameters.count == expected.count)
    let shapes = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, $0.shape) })
    #expect(shapes["conv1.weight"] == [64, 3, 3, 3])
    #expect(shapes["layer2.0.conv1.weight"] == [128, 64, 3, 3])
    #expect(shapes["layer2.0.downsample.0.weight"] == [128, 64, 1, 1])
    #expect(shapes["layer4.1.gate.0.weight"] == [128, 512, 1, 1])
    #expect(shapes["layer4.1.gate.3.weight"] == [512, 128, 1, 1])
  }

  /// All four tensors of each gate, its batch norm included, are without weight decay; nothing else is.
  @Test func onlyGatesAreWithoutWeightDecay() {
    for parameter in ResNet(ResNetConfiguration()).parameters {
      #expect(parameter.decays != parameter.name.contains(".gate."), "\(parameter.name)")
    }
  }

  @Test func ungatedNetworksAreTheSameButForGates() {
    var configuration = ResNetConfiguration()
    let gated = ResNet(configuration).parameters.map(\.name).filter { !$0.contains(".gate.") }
    configuration.gated = false
    #expect(ResNet(configuration).parameters.map(\.name) == gated)
  }

  @Test func weightsAreHeNormalAndFollowTheSeed() {
    var configuration = ResNetConfiguration()
    configuration.width = 32
    func makeNetwork(seed: UInt64) -> ResNet {
      let network = ResNet(configuration)
      initializeWeights(backbone: network, heads: [], seed: seed)
      return network
    }
    let network = makeNetwork(seed: 1)
    for parameter in network.parameters where parameter.shape.count == 4 && parameter.count > 10_000 {
      let values = parameter.array.map(Double.init)
      let mean = values.reduce(0, +) / Double(values.count)
      let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
        .squareRoot()
      let expected = (2 / Double(parameter.shape[0] * parameter.shape[2] * parameter.shape[3])).squareRoot()
      #expect(abs(deviation / expected - 1) < 0.03, "\(parameter.name)")
      #expect(abs(mean) < 0.05 * expected, "\(parameter.name)")
    }
    for block in network.blocks {
      #expect(
        block.bn1.weight!.array.allSatisfy { $0 == 1 } && block.bn2.weight!.array.allSatisfy { $0 == 0 })
    }
    #expect(makeNetwork(seed: 1).parameters.map(\.array) == network.parameters.map(\.array))
    #expect(makeNetwork(seed: 2).stem.weight.array != network.stem.weight.array)
    #expect(network.blocks[0].conv1.weight.array != network.blocks[0].conv2.weight.array)
  }

  /// Both stems at sizes that leave odd maps: backward reaches every parameter.
  @Test(arguments: [ResNetConfiguration.Stem.cifar, .imagenet])
  func backwardReachesEveryParameter(_ stem: ResNetConfiguration.Stem) throws {
    var configuration = ResNetConfiguration()
    configuration.width = 8
    configuration.stem = stem
    configuration.stemPadding = 2
    configuration.zeroInitResidual = false
    let network = ResNet(configuration)
    initializeWeights(backbone: network, heads: [], seed: 3)
    let ready = ReadyParameters()
    let pass = Pass(
      .training, rows: 8, views: 2, shardSize: 2, pool: .forKernels(threads: 2), noise: DrawnNoise(seed: 4),
      listener: ready)
    var numbers = TestNumbers(seed: 43)
    let size = stem == .cifar ? 13 : 45
    let images = Tensor(shape: [8, 3, size, size], lanes: 1, numbers.normals(8 * 3 * size * size))
    let features = try network.forward(images, in: pass)
    #expect(features.channels == configuration.featureCount && features.isMatrix)
    try network.backward(Tensor(rows: 8, columns: 64, numbers.normals(8 * 64)), in: pass)
    #expect(ready.names == network.parameters.reversed().map(\.name))
    for parameter in network.parameters {
      #expect(parameter.gradientArray.contains { $0 != 0 }, "\(parameter.name)")
      #expect(parameter.gradientArray.allSatisfy { $0.isFinite }, "\(parameter.name)")
    }
  }
}
