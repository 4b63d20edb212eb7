import Foundation
import Layers
import Networks
import Tensors
import TestSupport
import Testing

@testable import Pruning

@Suite struct PruningMaskTests {
  private static func resNet(width: Int = 4) -> StackedBackbone {
    var configuration = ResNetConfiguration(depth: 18)
    (configuration.width, configuration.inputSize) = (width, 8)
    let network = StackedBackbone(configuration)
    initializeWeights(backbone: network, heads: [], seed: 3)
    return network
  }

  private static func mask(of network: StackedBackbone, rounds: Int = 2) -> PruningMask {
    (1...rounds).reduce(PruningMask(keepingAll: network.prunableParameters(includesStem: true))) {
      PruningRound(.magnitude, seed: 0, number: $1).prune($0, of: network)
    }
  }

  @Test func aFileGivesTheMaskBack() throws {
    let network = Self.resNet()
    let mask = Self.mask(of: network)
    let data = mask.encode()
    #expect(try PruningMask(SafetensorsFile(data, path: "mask"), for: network) == mask)
    #expect(mask.encode() == data)
  }

  /// As PyTorch writes masks.
  @Test func masksMayBeBoolean() throws {
    let network = Self.resNet()
    let mask = Self.mask(of: network)
    let data = mask.encode()
    let length = Int(data.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) })
    let header = String(decoding: data[8..<8 + length], as: UTF8.self).replacing("\"U8\"", with: "\"BOOL\"")
    var boolean = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    boolean += Data(header.utf8) + data[(8 + length)...]
    #expect(try PruningMask(SafetensorsFile(boolean, path: "mask"), for: network) == mask)
  }

  @Test func aMaskedNetworkIsZeroWhereItIsPruned() {
    let network = Self.resNet()
    let mask = Self.mask(of: network)
    mask.apply(to: network)
    for layer in mask.layers {
      let parameter = network.parameters.first { $0.name == layer.name }!
      for (index, value) in parameter.array.enumerated() where !layer.mask[index] { #expect(value == 0) }
      parameter.array = Array(repeating: 1, count: parameter.count)
      #expect(parameter.array == layer.mask.kept.map { $0 ? 1 : 0 })
    }
  }

  @Test func masksOfOtherNetworksAreNamed() throws {
    let file = try SafetensorsFile(Self.mask(of: Self.resNet(width: 8)).encode(), path: "m")
    #expect(
      throws: PruningMaskError.otherShape(
        path: "m", layer: "conv1.weight", found: [8, 3, 3, 3], expected: [4, 3, 3, 3])
    ) { try PruningMask(file, for: Self.resNet()) }
    let stranger = Safetensors.encode([.init(name: "fc.weight", shape: [1], values: [UInt8(1)])])
    #expect(throws: PruningMaskError.unknownLayer(path: "m", layer: "fc.weight")) {
      try PruningMask(SafetensorsFile(stranger, path: "m"), for: Self.resNet())
    }
  }

  @Test func otherNumbersThanZeroAndOneAreDamage() throws {
    let numbers = [UInt8](repeating: 2, count: 108)
    let data = Safetensors.encode([.init(name: "conv1.weight", shape: [4, 3, 3, 3], values: numbers)])
    #expect(throws: PruningMaskError.notBinary(path: "m", layer: "conv1.weight")) {
      try PruningMask(SafetensorsFile(data, path: "m"), for: Self.resNet())
    }
  }

  @Test func aClosedLayerIsNamed() throws {
    let numbers = [UInt8](repeating: 0, count: 108)
    let data = Safetensors.encode([.init(name: "conv1.weight", shape: [4, 3, 3, 3], values: numbers)])
    let mask = try PruningMask(SafetensorsFile(data, path: "m"), for: Self.resNet())
    #expect(throws: PruningMaskError.closedLayer(path: "m", layer: "conv1.weight")) {
      try mask.requireOpen(path: "m")
    }
  }

  @Test func overlapIsIntersectionOverUnion() {
    func mask(_ kept: [Bool]) -> PruningMask {
      PruningMask([.init(name: "w", shape: [kept.count], mask: WeightMask(kept))])
    }
    let a = mask([true, true, false, false])
    #expect(a.overlap(with: a).share == 1)
    #expect(a.overlap(with: mask([false, true, true, false])).share == 1.0 / 3)
    #expect(a.overlap(with: mask([false, false, true, true])).share == 0)
    // Two of four and two of four share one in the mean.
    #expect(a.overlap(with: a).chance == 1.0 / 3)
  }

  @Test func aScatteredMaskKeepsAsManyWeightsOfEachLayer() {
    func mask(_ remaining: [Int]) -> PruningMask {
      PruningMask(
        remaining.enumerated().map { layer, remaining in
          .init(name: "\(layer)", shape: [1000], mask: WeightMask((0..<1000).map { $0 < remaining }))
        })
    }
    let (many, few) = (mask([500, 1000]).scattered(seed: 1), mask([100, 300]).scattered(seed: 1))
    #expect(many.layers.map(\.mask.remaining) == [500, 1000])
    #expect(few.layers.map(\.mask.remaining) == [100, 300])
    for (few, many) in zip(few.layers, many.layers) {
      #expect(few.mask.overlap(with: many.mask) == few.mask.remaining)
    }
    #expect(few != mask([100, 300]).scattered(seed: 2))
    #expect(abs(few.overlap(with: mask([100, 300])).share - few.overlap(with: few).chance) < 0.05)
  }
}
