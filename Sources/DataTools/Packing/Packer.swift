import Collectives
import Datasets
import Foundation
import Foundations
import Machine
import Progress
import Tensors

/// Packs a data set into shards, on all ranks and their threads; what it writes depends on neither.
///
/// The folder gets `pack.json` (the plan) first, then shards, each with its index when it is finished, then
/// `index.json`, and `pack.json` goes. Started again after an interruption, it keeps shards that are finished and
/// whole.
public final class Packer {
  /// What a person asks for.
  public struct Request: Sendable {
    /// As the data was named.
    public var source: String
    public var folder: String
    /// Of the training part; the test part has as many in proportion, at least 1.
    public var shards: Int
    public var encoding: ImageEncoding
    /// Whether images that cannot be used are left out.
    public var skipsBadImages: Bool
    /// Whether the folder is taken from another job that seems to be alive.
    public var takesOver: Bool

    public init(
      source: String, folder: String, shards: Int, encoding: ImageEncoding, skipsBadImages: Bool,
      takesOver: Bool = false
    ) {
      self.source = source
      self.folder = folder
      self.shards = shards
      self.encoding = encoding
      self.skipsBadImages = skipsBadImages
      self.takesOver = takesOver
    }
  }

  private let request: Request
  private let data: DataParts
  private let plan: PackPlan
  private let communicator: Communicator
  private let pool: WorkerPool
  private let display: ProgressDisplay
  /// All of them; rank r makes those whose number leaves r when divided by the ranks' number.
  private let tasks: [ShardTask]
  private let start = ContinuousClock.now

  // What this rank has done.
  private var mine: [ShardTask]
  private var current: ShardPacking?
  private var counts = Counts()
  private var bad: [DataFault] = []

  /// How long a rank works before all ranks tell each other how far they are and whether to stop.
  private static let roundSeconds = 0.5

  /// - Parameter display: Rank 0 shows progress and bad images there.
  public init(
    _ request: Request, data: DataParts, communicator: Communicator, pool: WorkerPool,
    display: ProgressDisplay
  ) {
    self.request = request
    self.data = data
    self.communicator = communicator
    self.pool = pool
    self.display = display
    let plan = PackPlan(
      source: request.source, sourceDigest: data.digest, maxSide: request.encoding.maxSide,
      quality: request.encoding.quality,
      parts: data.datasets.map { part, dataset in
        let share = Double(request.shards) * Double(dataset.count) / Double(max(1, data.train.count))
        return PackPlan.Part(
          images: dataset.count,
          shards: part == .train ? request.shards : min(dataset.count, max(1, Int(share.rounded()))))
      })
    // More shards than images are refused before the first is made.
    tasks = data.datasets.all.flatMap { part, dataset -> [ShardTask] in
      let shards = min(plan.parts[part]!.shards, dataset.count)
      return ShardTask.all(of: dataset, part: part, shards: shards, seed: plan.seed)
    }
    self.plan = plan
    mine = tasks.enumerated().filter { $0.offset % communicator.worldSize == communicator.rank }
      .map(\.element)
  }

  /// - Returns: The summary on rank 0, nil on others.
  /// - Throws: `PackingStopped` or the same `AgreedFailure` on every rank; `CollectiveError`.
  public func run() throws -> PackSummary? {
    defer {
      // What is half done goes with it, whoever's failure or wish it was.
      current = nil
      display.finish()
    }
    let claim = try prepare()
    defer { claim?.release() }
    var total: Counts
    repeat {
      try communicator.agree { try work() }
      total = try exchange()
      if communicator.rank == 0 { show(total) }
      if total.finishedRanks < communicator.worldSize, try communicator.isStopRequested() {
        throw PackingStopped(finishedShards: total.shards, shards: tasks.count)
      }
    } while total.finishedRanks < communicator.worldSize
    try settleBadImages(total)
    let index = try communicator.agree { communicator.rank == 0 ? try writeIndex() : nil }
    return index.map {
      PackSummary(
        folder: request.folder, index: $0, madeShards: total.shards - total.keptShards,
        packedImages: total.packed, seconds: (ContinuousClock.now - start) / .seconds(1))
    }
  }

  // MARK: The folder

  /// Checks what a person can get wrong, and notes the plan in the folder.
  ///
  /// - Returns: Rank 0's claim on the folder.
  private func prepare() throws -> FolderClaim? {
    let planPath = "\(request.folder)/\(PackPlan.fileName)"
    try communicator.agree {
      guard communicator.rank == 0 else { return }
      guard request.shards <= data.train.count else {
        throw PackError.tooManyShards(shards: request.shards, images: data.train.count)
      }
      try requireOutside()
    }
    let claim = try communicator.onRoot { isStopRequested in
      try FolderClaim.take(
        request.folder, force: request.takesOver, inform: { display.message($0) },
        isGivenUp: isStopRequested)
    }.flatMap(\.self)
    if try communicator.isStopRequested() { throw PackingStopped(finishedShards: 0, shards: tasks.count) }
    try communicator.agree {
      if communicator.rank == 0 { try adopt(planPath) }
    }
    try communicator.agree {
      guard FileManager.default.contents(atPath: planPath) == packJSON(plan) else {
        throw PackError.notShared(path: planPath)
      }
    }
    return claim
  }

  /// A tree that is packed into itself would have other files the next time.
  private func requireOutside() throws(PackError) {
    guard let colon = request.source.firstIndex(of: ":") else { return }
    let source = String(request.source[request.source.index(after: colon)...])
    guard FileManager.default.fileExists(atPath: source) else { return }
    let (outer, inner) = (Self.resolved(source).utf8, Self.resolved(request.folder).utf8)
    guard inner.elementsEqual(outer) || inner.starts(with: Array(outer) + [UInt8(ascii: "/")]) else { return }
    throw .insideSource(folder: request.folder, source: source)
  }

  /// The path without links and dots; what does not exist yet is taken as it is written.
  private static func resolved(_ path: String) -> String {
    var existing = URL(fileURLWithPath: path).standardizedFileURL
    var rest: [String] = []
    while !FileManager.default.fileExists(atPath: existing.path), existing.pathComponents.count > 1 {
      rest.insert(existing.lastPathComponent, at: 0)
      existing.deleteLastPathComponent()
    }
    return rest.reduce(existing.resolvingSymlinksInPath()) { $0.appendingPathComponent($1) }.path
  }

  /// Makes sure that the folder is empty or belongs to this plan, and removes what a killed job left half done.
  private func adopt(_ planPath: String) throws {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: request.folder).sorted()
        .filter { $0 != FolderClaim.fileName }
    } catch {
      throw UnwritableFile(path: request.folder, error)
    }
    let indexPath = "\(request.folder)/\(PackedIndex.fileName)"
    var old: PackPlan?
    if let data = FileManager.default.contents(atPath: indexPath) {
      old = try PackedIndex(data, path: indexPath).plan
    } else if let data = FileManager.default.contents(atPath: planPath) {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      old = try? decoder.decode(PackPlan.self, from: data)
      if old == nil {
        throw DatasetError.damaged(
          path: planPath, problem: "it is not the JSON that was written; remove the folder and pack again")
      }
    } else if let stranger = names.first(where: { !$0.hasPrefix(".tmp-") }) {
      throw PackError.occupied(folder: request.folder, example: stranger)
    }
    if let old {
      let differences = plan.differences(from: old)
      guard differences.isEmpty else {
        throw PackError.otherPlan(folder: request.folder, differences: differences)
      }
    }
    for name in names where name.hasPrefix(".tmp-") { try DurableFiles.remove("\(request.folder)/\(name)") }
    try DurableFiles.replace(planPath, by: packJSON(plan))
  }

  // MARK: Shards

  /// Makes shards for a while.
  private func work() throws {
    let roundEnd = ContinuousClock.now + .seconds(Self.roundSeconds)
    while ContinuousClock.now < roundEnd, current != nil || !mine.isEmpty {
      if let packing = current {
        let taken = try packing.advance()
        counts.images += taken
        counts.packed += taken
        if packing.isComplete { try end(packing) }
      } else {
        let task = mine.removeFirst()
        if let index = finishedIndex(of: task) {
          counts.keep(index, images: task.images.count)
        } else {
          current = try ShardPacking(task, folder: request.folder, encoding: request.encoding, pool: pool)
        }
      }
    }
    counts.finishedRanks = current == nil && mine.isEmpty ? 1 : 0
  }

  private func end(_ packing: ShardPacking) throws {
    bad += packing.bad
    counts.bad += packing.bad.count
    counts.packed -= packing.bad.count
    if packing.bad.isEmpty || request.skipsBadImages {
      let index = try packing.finish()
      counts.shards += 1
      counts.bytes += index.bytes
    }
    current = nil
  }

  /// The index of a shard that an earlier start finished, if the shard's bytes are still those that it wrote.
  private func finishedIndex(of task: ShardTask) -> ShardIndex? {
    let path = "\(request.folder)/\(task.name)"
    guard let index = try? readIndex(of: task.name).index, index.name == task.name,
      // Another start may have left out what this one has to complain about.
      index.skipped.isEmpty || request.skipsBadImages,
      index.records.count + index.skipped.count == task.images.count,
      (try? DurableFiles.digest(ofFile: path)) == index.sha256
    else { return nil }
    return index
  }

  private func readIndex(of shard: String) throws -> FinishedShard {
    let path = "\(request.folder)/\(ShardIndex.fileName(of: shard))"
    guard let data = FileManager.default.contents(atPath: path) else { throw PackError.notShared(path: path) }
    return (try ShardIndex(Array(data), path: path), data)
  }

  // MARK: What ranks tell each other

  /// Sums over ranks but for those of one rank in `counts`.
  private struct Counts: Codable {
    /// Taken from the source, kept ones included.
    var images = 0
    /// By this start.
    var packed = 0
    var shards = 0
    var keptShards = 0
    /// Of finished shards.
    var bytes = 0
    var bad = 0
    /// 1 where there is nothing left to do.
    var finishedRanks = 0

    static func + (a: Counts, b: Counts) -> Counts {
      Counts(
        images: a.images + b.images, packed: a.packed + b.packed, shards: a.shards + b.shards,
        keptShards: a.keptShards + b.keptShards, bytes: a.bytes + b.bytes, bad: a.bad + b.bad,
        finishedRanks: a.finishedRanks + b.finishedRanks)
    }

    mutating func keep(_ index: ShardIndex, images count: Int) {
      images += count
      shards += 1
      keptShards += 1
      bytes += index.bytes
      bad += index.skipped.count
    }
  }

  private func exchange() throws -> Counts { try communicator.gatherEach(counts).reduce(Counts(), +) }

  private func show(_ total: Counts) {
    let images = plan.parts.values.reduce(0) { $0 + $1.images }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let rate = Double(total.packed) / max(seconds, 1e-3)
    let left = total.packed > 0 ? Double(images - total.images) / max(rate, 1e-3) : nil
    let speed = String(format: rate < 100 ? "%.1f images/s" : "%.0f images/s", rate)
    let shards = "\(total.shards)/\(tasks.count) shards"
    let kept = total.keptShards > 0 ? ["\(total.keptShards) of them kept"] : []
    let details = ["\(total.images) of \(images) images", speed, shards] + kept
    display.update(
      ProgressState(share: Double(total.images) / Double(images), secondsLeft: left, details: details))
    let time = left.map { ", \(durationText($0)) left" } ?? ""
    display.line("packed " + details.joined(separator: ", ") + time)
  }

  /// Names every bad image that this start has met.
  ///
  /// - Throws: The same `AgreedFailure` on every rank where none may be left out.
  private func settleBadImages(_ total: Counts) throws {
    let lines = try communicator.gather(bad.map(\.onOneLine)).map { "\($0.name): \($0.reason)" }
    if communicator.rank == 0 {
      for line in lines.sorted() {
        display.message("warning: \(line)")
      }
    }
    guard !request.skipsBadImages, total.bad > 0 else { return }
    try communicator.agree {
      throw PackError.badImages(
        count: total.bad, finishedShards: total.shards, shards: tasks.count)
    }
  }

  // MARK: The end

  /// Writes `index.json` over all shards; rank 0 only.
  private func writeIndex() throws -> PackedIndex {
    let shards = try plan.parts.map { part, _ in
      try tasks.filter { $0.part == part }.map { try readIndex(of: $0.name) }
    }
    let index = PackedIndex(plan: plan, data: data, shards: shards)
    guard index.parts.train.images > 0 else { throw PackError.nothingLeft(skipped: index.skippedCount) }
    try DurableFiles.replace("\(request.folder)/\(PackedIndex.fileName)", by: packJSON(index))
    try DurableFiles.remove("\(request.folder)/\(PackPlan.fileName)")
    try DurableFiles.syncFolder(request.folder)
    return index
  }
}
