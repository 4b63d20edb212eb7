import Layers
import Networks

/// The sizes of a backbone's maps and kernels, from which memory is reckoned.
struct NetworkFootprint {
  private let convolutions: [ResNet.PlacedConvolution]
  /// How many maps a training pass holds at one time, by the floats of one row.
  ///
  /// Forward keeps the stem's convolution and its normalised output, and what pooling gives; of every block both
  /// convolutions, the hidden map and the output, and the shortcut where it has a convolution of its own.
  private(set) var trainingMaps: [Int: Int] = [:]
  /// Maps that backward works on besides: gradients on their way through a block or, with pooling, the stem.
  private static let workingMaps = (block: 6, pooledStem: 2)

  init(_ backbone: ResNet, imageSize: Int) {
    convolutions = backbone.convolutions(imageSize: imageSize)
    var keptByBlocks: [Int: Int] = [:]
    var size = backbone.stem.outputSize(imageSize)
    let stem = Self.floats(backbone.stem.outChannels, size)
    if backbone.configuration.stem == .imagenet {
      trainingMaps[stem] = 2 + Self.workingMaps.pooledStem
      size = (size - 1) / 2 + 1
      keptByBlocks[Self.floats(backbone.stem.outChannels, size)] = 1
    } else {
      keptByBlocks[stem] = 2
    }
    for block in backbone.blocks {
      size = block.conv1.outputSize(size)
      let output = Self.floats(block.conv2.outChannels, size)
      keptByBlocks[output, default: 0] += block.downsample == nil ? 4 : 5
    }
    for (map, kept) in keptByBlocks { trainingMaps[map, default: 0] += kept + Self.workingMaps.block }
  }

  /// One row of a map, in whole blocks of channels.
  private static func floats(_ channels: Int, _ size: Int) -> Int {
    (channels + Pass.preferredLanes - 1) / Pass.preferredLanes * Pass.preferredLanes * size * size
  }

  /// What kernels take besides maps.
  ///
  /// - Parameters:
  ///   - rows: Of a shard, all views.
  ///   - threads: That run kernels at one time.
  ///   - gradientSums: Gradients of one layer's weights that live at one time.
  func workspace(
    _ directions: [Convolution.Direction], rows: Int, threads: Int, gradientSums: Int
  ) throws -> BlockTally {
    var blocks = BlockTally()
    for place in convolutions {
      for direction in directions where !(direction == .backwardData && place.takesImages) {
        let (packedWeights, scratch) = try place.convolution.workspace(
          direction, rows: rows, size: place.inputSize, takesImages: place.takesImages)
        blocks.add(direction == .backwardWeights ? gradientSums : 1, of: packedWeights)
        blocks.add(threads, of: scratch)
      }
    }
    return blocks
  }
}

/// Blocks as the buffer pool keeps them: of each size as many as were in use at once.
struct BlockTally {
  private var counts: [Int: Int] = [:]

  mutating func add(_ count: Int, of floats: Int) {
    counts[floats] = max(counts[floats] ?? 0, count)
  }

  /// Not a whole number, as a plan for more than any machine has must not overflow.
  var bytes: Double { counts.reduce(0) { $0 + 4 * Double($1.key) * Double($1.value) } }
}
