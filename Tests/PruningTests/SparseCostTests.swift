import Layers
import Networks
import Testing

@testable import Pruning

@Suite struct SparseCostTests {
  /// A ResNet-18 of width 4 for images of 8×8 pixels: maps of 8, 4, 2 and 1 pixels.
  private let network: StackedBackbone
  private let all: PruningMask
  private let denseBytes: Int

  init() {
    var configuration = ResNetConfiguration(depth: 18)
    (configuration.width, configuration.inputSize, configuration.gated) = (4, 8, false)
    network = StackedBackbone(configuration)
    all = PruningMask(keepingAll: network.prunableParameters(includesStem: true))
    denseBytes =
      4
      * (network.parameters.reduce(0) { $0 + $1.count }
        + network.batchNorms.reduce(0) { $0 + 2 * $1.channels })
  }

  /// Each layer with its first weights alone.
  private func mask(_ remaining: (_ layer: String, _ count: Int) -> Int) -> PruningMask {
    all.keeping(
      all.layers.map { layer in
        let count = layer.mask.count
        return (0..<count).map { $0 < remaining(layer.name, count) }
      })
  }

  /// Bitmaps cost something: where all weights remain, none is made.
  @Test func aWholeNetworkIsDense() {
    let cost = SparseCost(all, of: network)
    #expect(cost.macsShare == 1)
    #expect(cost.bytes == denseBytes)
  }

  @Test func weightsThatRemainCountByTheirPositions() {
    let dense = Double(MACs(network.blueprint).dense)
    let stem = SparseCost(mask { $0 == "conv1.weight" ? 10 : $1 }, of: network)
    #expect(stem.macsShare == (dense - 98 * 64) / dense)
    // 108 weights: 14 bytes of bits and ten numbers.
    #expect(stem.bytes == denseBytes - 4 * 108 + 14 + 40)
    let last = SparseCost(mask { $0 == "layer4.1.conv2.weight" ? 10 : $1 }, of: network)
    #expect(last.macsShare == (dense - Double(32 * 32 * 9 - 10)) / dense)
  }

  /// 3 of 108 weights gone save 12 bytes, and the bitmap takes 14.
  @Test func tensorsThatABitmapWouldMakeLargerStayDense() {
    let cost = SparseCost(mask { $0 == "conv1.weight" ? 105 : $1 }, of: network)
    #expect(cost.bytes == denseBytes)
  }

  @Test func layersWithoutAMaskAreDense() {
    let empty = SparseCost(PruningMask([]), of: network)
    #expect(empty == SparseCost(all, of: network))
    let nothing = SparseCost(mask { _, _ in 0 }, of: network)
    #expect(nothing.macsShare == 0)
    let weights = all.prunable
    let bits = all.layers.reduce(0) { $0 + ($1.mask.count + 7) / 8 }
    #expect(nothing.bytes == denseBytes - 4 * weights + bits)
  }
}
