import Datasets
import Foundation
import Foundations
import Machine

/// `FILE.partial`: a folder with what there is of a file of features that is not finished; rank 0 alone sees it.
///
/// `rows.safetensors` has its full size from the beginning. `progress.json` says how many of its rows are right; it is
/// replaced after these have reached the disk and removed before the rows are, so that it never says too much.
final class PartialEmbedding {
  private struct Progress: Codable {
    /// Rows that are right, from the first on.
    var images: Int
    /// What the file says of itself, which decides what is in it.
    let metadata: [String: String]
  }

  let rows: EmbeddingRows
  private let folder: String
  private let claim: FolderClaim
  private var progress: Progress
  private var lastSave: ContinuousClock.Instant?

  /// What may be lost where the program is killed.
  private static let rest = Duration.seconds(5)

  /// Where a file's rows are until it is finished.
  static func folder(of output: String) -> String { output + ".partial" }

  /// Goes on with what is there, or begins.
  ///
  /// - Parameters:
  ///   - claim: On `folder`.
  ///   - takesStandIns: Whether rows may show others in place of images that cannot be used.
  /// - Throws: `EmbeddingError`, `UnwritableFile`, `SafetensorsError`.
  init(
    in folder: String, _ claim: FolderClaim, _ layout: EmbeddingLayout, of dataset: any ImageDataset,
    metadata: [String: String], takesStandIns: Bool
  ) throws {
    self.folder = folder
    self.claim = claim
    let path = "\(folder)/\(Self.progressName)"
    let rowsPath = "\(folder)/\(Self.rowsName)"
    let found = try FileManager.default.contents(atPath: path).map { data in
      guard let progress = try? JSONDecoder().decode(Progress.self, from: data), progress.images >= 0 else {
        throw EmbeddingError.damaged(path: path, folder: folder)
      }
      return progress
    }
    if let found, found.metadata != metadata {
      throw EmbeddingError.otherValues(folder: folder, old: found.metadata, new: metadata)
    }
    if let found, let rows = try EmbeddingRows(at: rowsPath, layout, of: dataset) {
      self.rows = rows
      progress = found
      progress.images = min(progress.images, layout.images)
      if !takesStandIns { progress.images = try rows.countWithoutStandIns(upTo: progress.images) }
    } else {
      try DurableFiles.remove(path)
      try DurableFiles.syncFolder(folder)
      rows = try EmbeddingRows(making: rowsPath, layout, of: dataset)
      progress = Progress(images: 0, metadata: metadata)
    }
  }

  /// Rows that are right, from the first on.
  var images: Int { progress.images }

  /// Adds rows behind those that are there, and remembers them now and then.
  ///
  /// - Throws: `UnwritableFile`, `FolderLost`.
  func append(_ images: EmbeddedImages) throws {
    try claim.requireMine()
    try rows.write(images)
    progress.images = images.numbers.upperBound
    if lastSave.map({ ContinuousClock.now - $0 >= Self.rest }) ?? true { try save() }
  }

  /// Makes sure that the next start finds all rows.
  ///
  /// - Throws: `UnwritableFile`, `FolderLost`.
  func save() throws {
    try claim.requireMine()
    try rows.sync()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // A whole number and texts always encode.
    try DurableFiles.replace("\(folder)/\(Self.progressName)", by: try! encoder.encode(progress))
    lastSave = .now
  }

  /// Gives the rows, which are all there and saved, the name of the file, and removes what is left.
  ///
  /// - Throws: `UnwritableFile`, `FolderLost`.
  func finish(as output: String) throws {
    try claim.requireMine()
    try DurableFiles.move(rows.path, to: output)
    try DurableFiles.syncFolder(output.parentPath.isEmpty ? "." : output.parentPath)
    try DurableFiles.remove("\(folder)/\(Self.progressName)")
    claim.release()
    // Not where somebody else has put something there.
    rmdir(folder)
  }

  private static let progressName = "progress.json"
  private static let rowsName = "rows.safetensors"
}

extension EmbeddingRows {
  /// How many rows come before the first that shows another image than its own.
  ///
  /// - Throws: `SafetensorsError`.
  fileprivate func countWithoutStandIns(upTo images: Int) throws -> Int {
    try zip(0..., read(.index, 0..<images, as: Int64.self)).first { $0 != Int($1) }?.0 ?? images
  }
}
