import Tensors

/// An order of images in which each rank reads blocks one after the other, and which does not depend on ranks.
///
/// Shard s of every global batch is fed by stream s. An epoch takes the blocks in a random order, and each
/// block's images in a random order; this line is cut into one equal run a stream (the rest is left out, and
/// is another one every epoch). A stream shuffles its run within windows of whole blocks, and each batch takes
/// the stream's next `shardSize` images. A rank that computes shards a ..< b of each batch so needs the blocks
/// of runs a ..< b alone, each of them for the length of one window and then no more until the next epoch.
public struct WindowedOrder: Sendable, Equatable {
  public let blocks: ImageBlocks
  /// Shards of a global batch.
  public let streams: Int
  /// Images of a shard.
  public let shardSize: Int
  /// How many images a stream shuffles at least; a window goes on to the end of its last block.
  public let streamWindow: Int

  /// What the windows of all streams hold together unless `window` says otherwise.
  static let defaultWindowBytes = 256 << 20

  /// - Parameters:
  ///   - window: Images that the windows of all streams hold together; nil: as many as take 256 MB, on average.
  public init(_ blocks: ImageBlocks, streams: Int, shardSize: Int, window: Int?) {
    precondition(streams > 0 && shardSize > 0)
    self.blocks = blocks
    self.streams = streams
    self.shardSize = shardSize
    let imageBytes = max(1, blocks.totalBytes / max(1, blocks.imageCount))
    let images = min(window ?? Self.defaultWindowBytes / imageBytes, blocks.imageCount)
    streamWindow = max(1, images / streams)
  }

  /// The images of an epoch of `steps` batches: batch b is entries b·B ..< (b + 1)·B, its shard s the
  /// `shardSize` of them that begin at s · `shardSize`.
  func permutation(steps: Int, seed: UInt64, epoch: Int) -> [Int] {
    func draws(_ use: Int, _ index: Int = 0) -> RandomDraws {
      RandomDraws(seed: seed, purpose: .shuffle, index: index, epoch: epoch, view: use)
    }
    var line: [Int] = []
    line.reserveCapacity(blocks.imageCount)
    /// Where blocks begin in `line`.
    var begins: [Int] = []
    begins.reserveCapacity(blocks.count)
    for block in draws(1).permutation(of: blocks.count) {
      let begin = line.count
      begins.append(begin)
      line += blocks[block]
      // Which part of it falls to which stream where a run ends inside it, and what is left out.
      draws(2, block).shuffle(&line, in: begin..<line.count)
    }

    let run = steps * shardSize
    var next = 0
    for stream in 0..<streams {
      let end = (stream + 1) * run
      var begin = stream * run
      // First windows of different lengths: else all streams would read their next blocks at the same time.
      var least = max(1, streamWindow * (stream + 1) / streams)
      while next < begins.count, begins[next] <= begin { next += 1 }
      while begin < end {
        while next < begins.count, begins[next] < min(begin + least, end) { next += 1 }
        let windowEnd = next < begins.count ? min(begins[next], end) : end
        draws(3, begin).shuffle(&line, in: begin..<windowEnd)
        begin = windowEnd
        least = streamWindow
      }
    }

    var result = [Int](repeating: 0, count: steps * streams * shardSize)
    for step in 0..<steps {
      for stream in 0..<streams {
        let (to, from) = ((step * streams + stream) * shardSize, stream * run + step * shardSize)
        for i in 0..<shardSize { result[to + i] = line[from + i] }
      }
    }
    return result
  }

  /// Bytes of blocks that a rank needs at a time so that it reads none twice: for each of its streams a window,
  /// the block that a window goes on to the end of, and one that another stream's run has cut.
  func cacheBytes(worldSize: Int) -> Int {
    let imageBytes = max(1, blocks.totalBytes / max(1, blocks.imageCount))
    let stream = streamWindow * imageBytes + 2 * blocks.largestBytes
    return min(streams / worldSize * stream, blocks.totalBytes)
  }
}
