import Datasets
import Foundation
import Images
import Tensors

/// A shard that is to be packed: which of a part's images, in which order.
struct ShardTask: Sendable {
  let dataset: any ImageDataset
  let part: DataPart
  /// For example `train-00000.tar`.
  let name: String
  /// The images' numbers in the data set.
  let images: ArraySlice<Int>
  /// The place of the first of them in the part's order.
  var start: Int { images.startIndex }

  /// All shards of one part. The images come in an order of their own, the same for the same count, so that
  /// neighbours are of different classes.
  static func all(of dataset: any ImageDataset, part: DataPart, shards: Int, seed: UInt64) -> [ShardTask] {
    let order = RandomDraws(seed: seed, purpose: .packing, index: part.packingIndex).permutation(
      of: dataset.count)
    return (0..<shards).map { shard in
      let digits = "\(shard)"
      let number = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
      return ShardTask(
        dataset: dataset, part: part, name: "\(part.packedName)-\(number).tar",
        images: order[order.count * shard / shards..<order.count * (shard + 1) / shards])
    }
  }

  /// An image's key: its number in the data set, so that it can be found there again.
  static func key(of image: Int) -> String {
    let digits = "\(image)"
    return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }
}

extension DataPart {
  /// Decides the order of its images in a pack: a part has its own, and existing packs have these.
  fileprivate var packingIndex: Int {
    switch self {
    case .train: 0
    case .test: 1
    case .reference: 2
    }
  }
}

/// One shard being written, a window of images at a time: these are encoded in parallel and written in order.
final class ShardPacking {
  private let task: ShardTask
  private let encoding: ImageEncoding
  private let pool: WorkerPool
  private let writer: ShardWriter
  private var next: Int
  private(set) var bad: [DataFault] = []

  init(_ task: ShardTask, folder: String, encoding: ImageEncoding, pool: WorkerPool) throws {
    self.task = task
    self.encoding = encoding
    self.pool = pool
    next = task.images.startIndex
    writer = try ShardWriter(folder: folder, name: task.name)
  }

  var isComplete: Bool { next == task.images.endIndex }

  /// Packs some more images.
  ///
  /// - Returns: How many it took from the source.
  /// - Throws: `UnwritableFile`, or what the data set threw that is no fault of one image.
  func advance() throws -> Int {
    // A few for each thread, so that none waits long for the others' last.
    let end = min(next + 4 * pool.threads, task.images.endIndex)
    let window = Array(task.images[next..<end])
    let results = try pool.map(window.count) { try Self.pack(window[$0], of: task.dataset, encoding) }
    for (index, result) in zip(window, results) {
      switch result {
      case .success(let image):
        try writer.append(
          image.bytes[...], key: ShardTask.key(of: index), suffix: image.suffix,
          label: task.dataset.label(at: index), sourceBytes: image.sourceBytes)
      case .failure(let fault):
        bad.append(fault)
        writer.skip(fault)
      }
    }
    next = end
    return window.count
  }

  /// Gives the shard its name.
  ///
  /// - Throws: `UnwritableFile`.
  func finish() throws -> ShardIndex { try writer.finish() }

  private struct Packed: Sendable {
    let bytes: [UInt8]
    let suffix: String
    let sourceBytes: Int
  }

  /// - Throws: What is no fault of one image, such as a shard of a source that cannot be read.
  private static func pack(
    _ index: Int, of dataset: any ImageDataset, _ encoding: ImageEncoding
  ) throws -> Result<Packed, DataFault> {
    do {
      let image = try dataset.storedImage(at: index)
      let (bytes, suffix) = try encoding.packed(image)
      return .success(Packed(bytes: bytes, suffix: suffix, sourceBytes: image.sourceBytes))
    } catch DatasetError.badImage(_, let reason) {
      return .failure(DataFault(name: dataset.imageName(at: index), reason: reason))
    } catch let error as ImageError {
      return .failure(DataFault(name: dataset.imageName(at: index), reason: "\(error)"))
    }
  }
}
