import Collectives
import Datasets
import Foundation
import Foundations
import Machine
import Networks
import Tensors

/// Writes a network's features of every image of a data set, and what each image cost, to a file of safetensors.
///
/// Ranks share the images a block at a time, and rank 0 writes each block before the next begins: nobody holds more, and
/// what an interruption leaves is the file's beginning (`PartialEmbedding`), which the next start goes on from, on any
/// number of ranks. The bytes depend on neither ranks nor threads nor interruptions (contracts C1 and C2).
public final class Embedding {
  /// What a person asks for.
  public struct Request: Sendable {
    /// Paths of files; nil: not wanted.
    public var output: String
    public var csv: String?
    public var numPy: String?
    /// As the data was named.
    public var source: String
    public var part: DataPart
    /// Whether what there is of the file is taken from another job that seems to be alive.
    public var takesOver: Bool
    /// What the file says of the network.
    public var network: [String: String]

    public init(
      output: String, csv: String?, numPy: String?, source: String, part: DataPart, takesOver: Bool,
      network: [String: String]
    ) {
      self.output = output
      self.csv = csv
      self.numPy = numPy
      self.source = source
      self.part = part
      self.takesOver = takesOver
      self.network = network
    }
  }

  private let request: Request
  private let dataset: any ImageDataset
  private let extractor: FeatureExtractor
  private let communicator: Communicator
  private let pool: WorkerPool
  /// Of rank 0.
  private var partial: PartialEmbedding?
  /// Where the file is to be, on rank 0.
  private let target: String
  /// Images whose rows are there, from the first on; the same on every rank.
  private var done: Int
  private let doneBefore: Int

  /// Looks whether files can be written, before the work; every rank calls it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  public static func requireWritable(
    output: String, others: [String], on communicator: Communicator
  ) throws {
    try communicator.agree {
      guard communicator.rank == 0 else { return }
      _ = try DurableFiles.replaceableFile(at: output)
      for file in others { try DurableFiles.requireWritableFile(file) }
    }
  }

  /// Finds out what is there already; every rank calls it.
  ///
  /// - Parameters:
  ///   - data: Its part of the request is embedded.
  ///   - inform: Told on rank 0 what it waits for.
  /// - Throws: `StoppedAsAsked` or the same `AgreedFailure` on every rank; `CollectiveError`.
  public init(
    _ request: Request, of data: DataParts, by extractor: FeatureExtractor, on communicator: Communicator,
    pool: WorkerPool, inform: (String) -> Void
  ) throws {
    self.request = request
    self.extractor = extractor
    self.communicator = communicator
    self.pool = pool
    let dataset = try communicator.agree { try data.images(of: request.part, source: request.source) }
    self.dataset = dataset
    let target = try communicator.agree {
      communicator.rank == 0 ? try DurableFiles.replaceableFile(at: request.output) : request.output
    }
    self.target = target
    let folder = PartialEmbedding.folder(of: target)
    let claim = try communicator.onRoot { isStopRequested in
      try FolderClaim.take(
        folder, force: request.takesOver, inform: inform, isGivenUp: isStopRequested)
    }.flatMap(\.self)
    if try communicator.isStopRequested() { throw EmbeddingStopped(done: 0, images: dataset.count) }
    let metadata = Self.metadata(request, dataset, digest: data.digest, extractor)
    let partial = try communicator.agree {
      try claim.map {
        try PartialEmbedding(
          in: folder, $0, EmbeddingLayout(dataset, extractor.blueprint, metadata: metadata), of: dataset,
          metadata: metadata, takesStandIns: extractor.onError == .skip)
      }
    }
    self.partial = partial
    // Whole shards, which have the same bits whoever computes them.
    let found = try communicator.broadcast(value: partial?.images ?? 0)
    doneBefore = found == dataset.count ? found : found / extractor.shardSize * extractor.shardSize
    done = doneBefore
  }

  /// What is being done, for progress.
  public var title: String {
    "features of \(grouped(dataset.count - doneBefore)) images"
      + (doneBefore > 0 ? ", \(grouped(doneBefore)) are there" : "")
  }

  /// Every rank calls it.
  ///
  /// - Parameters:
  ///   - progress: Is told the share that is done of what was left to do.
  ///   - warn: Told on rank 0 about images that could not be used.
  /// - Returns: nil on other ranks than 0.
  /// - Throws: `StoppedAsAsked` or the same `AgreedFailure` on every rank; `CollectiveError`.
  public func run(progress: (Double) -> Void, warn: (String) -> Void) throws -> EmbeddingReport? {
    let start = ContinuousClock.now
    do {
      try embed(progress, warn)
    } catch {
      // Nobody should have to wait again for what is there; why it ended is what matters.
      try? partial?.save()
      throw error
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let report = try communicator.onRoot { isStopRequested in
      try finish(seconds: seconds, isStopped: isStopRequested)
    }.flatMap(\.self)
    guard try communicator.broadcast(value: report != nil) else {
      throw EmbeddingStopped(done: done, images: dataset.count)
    }
    return report
  }

  /// Makes all rows that are missing.
  private func embed(_ progress: (Double) -> Void, _ warn: (String) -> Void) throws {
    let atOnce = Int(try communicator.sum([Int64(extractor.imagesAtOnce)])[0])
    var skipped: [SkippedImage] = []
    var isStopped = false
    while done < dataset.count, !isStopped {
      let images = done..<min(done + atOnce, dataset.count)
      let extraction = try extractor.extraction(of: dataset, images: images)
      skipped += extraction.skipped
      let rows = try EmbeddedImages.gather(extraction, of: images, extractor.macs, on: communicator)
      try communicator.agree {
        if let rows { try partial!.append(rows) }
      }
      done = images.upperBound
      progress(Double(done - doneBefore) / Double(dataset.count - doneBefore))
      isStopped = try communicator.isStopRequested()
    }
    for sentence in try SkippedSentences.gather(skipped, of: dataset, on: communicator)
    where communicator.rank == 0 { warn(sentence) }
    try communicator.agree { try partial?.save() }
    if isStopped { throw EmbeddingStopped(done: done, images: dataset.count) }
  }

  /// Writes the other forms of the file and gives it its name; rank 0 only.
  ///
  /// - Returns: nil: it was stopped.
  private func finish(seconds: Double, isStopped: () throws -> Bool) throws -> EmbeddingReport? {
    let (partial, rows) = (partial!, partial!.rows)
    for (path, table) in [
      (request.csv, EmbeddingTable.csv(classNames: dataset.classNames)), (request.numPy, .numPy),
    ] {
      guard let path else { continue }
      guard try table.write(rows, to: path, pool: pool, isStopped: isStopped) else { return nil }
    }
    let macs = try rows.read(.macs, 0..<dataset.count, as: Int64.self).reduce(0.0) { $0 + Double($1) }
    try partial.finish(as: target)
    return EmbeddingReport(
      path: request.output, bytes: rows.layout.file.byteCount, csv: request.csv, numPy: request.numPy,
      source: request.source, part: request.part, images: dataset.count, features: rows.layout.features,
      macsShare: macs / Double(dataset.count) / Double(extractor.macs.dense), seen: done - doneBefore,
      seconds: seconds)
  }

  /// What the file says of itself: texts, lists in JSON.
  private static func metadata(
    _ request: Request, _ dataset: any ImageDataset, digest: String?, _ extractor: FeatureExtractor
  ) -> [String: String] {
    func list(_ texts: [String]) -> String { JSONValue.list(texts.map { .text($0) }).line }
    var metadata = request.network
    metadata["contents"] = "features of images"
    metadata["data"] = request.source
    metadata["data_sha256"] = digest
    metadata["part"] = request.part.rawValue
    metadata["compute"] = extractor.skipsClosedChannels ? "compact" : "dense"
    metadata["dense_macs"] = "\(extractor.macs.dense)"
    metadata["gate_names"] = list(extractor.blueprint.gateLabels)
    metadata["gate_channels"] = "\(extractor.macs.channels)"
    metadata["class_names"] = dataset.isLabelled ? list(dataset.classNames) : nil
    return metadata
  }
}
