import GoldenCases
import Layers
import Tensors
import TestSupport
import Testing

@testable import Networks

@Suite struct ResNetTests {
  /// Contract C8: torchvision's names and layouts, gates beside them.
  @Test func namesAndShapesAreTorchvisions() {
    let network = StackedBackbone(ResNetConfiguration())
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

  /// A ResNet-50's tensors are torchvision's but for those of gates, and an inner layer's stride is where it is there.
  @Test func bottlenecksAreTorchvisions() {
    func makeNetwork(depth: Int) -> StackedBackbone {
      var configuration = ResNetConfiguration(depth: depth)
      configuration.stem = .imagenet
      return StackedBackbone(configuration)
    }
    let network = makeNetwork(depth: 50)
    let parameters = network.parameters.filter { !$0.name.contains(".gate") }
    // 25,557,032 with the classifier of 2048 × 1000 weights and 1000 biases.
    #expect(parameters.reduce(0) { $0 + $1.count } == 25_557_032 - 2_049_000)
    let shapes = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, $0.shape) })
    #expect(shapes["layer1.0.conv1.weight"] == [64, 64, 1, 1])
    #expect(shapes["layer1.0.downsample.0.weight"] == [256, 64, 1, 1])
    #expect(shapes["layer2.0.conv2.weight"] == [128, 128, 3, 3])
    #expect(shapes["layer4.2.conv3.weight"] == [2048, 512, 1, 1])
    #expect(shapes["layer4.2.bn3.bias"] == [2048])
    #expect(shapes["layer2.1.gate1.3.weight"] == [128, 128, 1, 1])
    #expect(shapes["layer2.1.gate1.0.weight"] == [128, 512, 1, 1])
    #expect(shapes["layer2.1.gate2.0.weight"] == [32, 128, 1, 1])
    #expect(network.blueprint.blocks[3].path.map(\.shape.stride) == [1, 2, 1])
    #expect(network.blueprint.featureCount == 2048)
    #expect(ResNetConfiguration.named.allSatisfy { ResNetConfiguration(depth: $0.depth).depth == $0.depth })
    let deeper = makeNetwork(depth: 34).parameters.filter { !$0.name.contains(".gate") }
    #expect(deeper.reduce(0) { $0 + $1.count } == 21_797_672 - 513_000)
  }

  /// All four tensors of each gate, its batch norm included, are without weight decay; nothing else is.
  @Test(arguments: [18, 50])
  func onlyGatesAreWithoutWeightDecay(depth: Int) {
    for parameter in StackedBackbone(ResNetConfiguration(depth: depth)).parameters {
      #expect(parameter.decays != parameter.name.contains(".gate"), "\(parameter.name)")
    }
  }

  @Test func ungatedNetworksAreTheSameButForGates() {
    var configuration = ResNetConfiguration()
    let gated = StackedBackbone(configuration).parameters.map(\.name).filter { !$0.contains(".gate.") }
    configuration.gated = false
    #expect(StackedBackbone(configuration).parameters.map(\.name) == gated)
  }

  @Test func weightsAreHeNormalAndFollowTheSeed() {
    var configuration = ResNetConfiguration()
    configuration.width = 32
    func makeNetwork(seed: UInt64) -> StackedBackbone {
      let network = StackedBackbone(configuration)
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
    for block in network.blocks.compactMap({ $0 as? BasicBlock }) {
      #expect(
        block.bn1.weight!.array.allSatisfy { $0 == 1 } && block.bn2.weight!.array.allSatisfy { $0 == 0 })
    }
    #expect(makeNetwork(seed: 1).parameters.map(\.array) == network.parameters.map(\.array))
    #expect(makeNetwork(seed: 2).stem.weight.array != network.stem.weight.array)
    let convolutions = network.blocks[0].convolutions
    #expect(convolutions[0].weight.array != convolutions[1].weight.array)
  }

  /// Both stems at sizes that leave odd maps: backward reaches every parameter.
  @Test(arguments: [ResNetConfiguration.Stem.cifar, .imagenet], [18, 34, 50])
  func backwardReachesEveryParameter(_ stem: ResNetConfiguration.Stem, depth: Int) throws {
    var configuration = ResNetConfiguration(depth: depth)
    configuration.width = 8
    configuration.stem = stem
    configuration.stemPadding = 2
    configuration.zeroInitResidual = false
    let network = StackedBackbone(configuration)
    initializeWeights(backbone: network, heads: [], seed: 3)
    let ready = ReadyParameters()
    let pass = Pass(
      .training, rows: 8, views: 2, shardSize: 2, pool: .forKernels(threads: 2), noise: DrawnNoise(seed: 4),
      listener: ready)
    var numbers = TestNumbers(seed: 43)
    let size = stem == .cifar ? 13 : 45
    let images = Tensor(shape: [8, 3, size, size], lanes: 1, numbers.normals(8 * 3 * size * size))
    let (features, gates) = try network.forward(images, in: pass)
    #expect(gates.count == network.blueprint.gates.count)
    #expect(features.channels == configuration.featureCount && features.isMatrix)
    let dfeatures = Tensor(
      rows: 8, columns: features.channels, numbers.normals(8 * features.channels))
    try network.backward(dfeatures, in: pass)
    #expect(ready.names == network.parameters.reversed().map(\.name))
    for parameter in network.parameters {
      #expect(parameter.gradientArray.contains { $0 != 0 }, "\(parameter.name)")
      #expect(parameter.gradientArray.allSatisfy { $0.isFinite }, "\(parameter.name)")
    }
  }

  /// Features and gradients with and without closed channels in the convolutions behind gates.
  @Test(arguments: [18, 50]) func leavingOutClosedChannelsChangesNoBit(depth: Int) throws {
    var configuration = ResNetConfiguration(depth: depth)
    configuration.width = 20
    configuration.zeroInitResidual = false
    func bits(skips: Bool) throws -> [[UInt32]] {
      let network = StackedBackbone(configuration)
      initializeWeights(backbone: network, heads: [], seed: 3)
      var numbers = TestNumbers(seed: 44)
      let images = Tensor(shape: [8, 3, 16, 16], lanes: 1, numbers.normals(8 * 3 * 16 * 16))
      let surroundings = Surroundings(pool: .forKernels(threads: 2), skipsClosedChannels: skips)
      let pass = Pass(
        .training, RowLayout(images: 4, views: 2, shardSize: 2), in: surroundings, noise: DrawnNoise(seed: 4))
      let (features, gates) = try network.forward(images, in: pass)
      #expect(gates.allSatisfy { gate in gate.openCounts.contains { $0 < gate.mask.channels } })
      try network.backward(
        Tensor(rows: 8, columns: features.channels, numbers.normals(8 * features.channels)), in: pass)
      return ([features.values] + network.parameters.map(\.gradientArray)).map { $0.map(\.bitPattern) }
    }
    #expect(try bits(skips: true) == bits(skips: false))
  }
}
