import Foundation
import Foundations
import Training

/// A page about runs, written to a file.
public struct WrittenReport: Report, Equatable, Sendable {
  public let path: String
  public let runs: [String]
  public let bytes: Int
  /// What is missing in the runs, a sentence each.
  public let notes: [String]

  /// Reads the runs and writes the page.
  ///
  /// - Parameters:
  ///   - folders: At least one.
  ///   - path: Of the file; what is there is replaced.
  /// - Throws: `StudyError`, `UnwritableFile`.
  public init(of folders: [RunFolder], to path: String) throws {
    try DurableFiles.requireWritableFile(path)
    let runs = try folders.map { try ReportRun($0) }
    let page = Data(ReportPage(runs).html.utf8)
    try DurableFiles.replace(path, by: page)
    self.path = path
    self.runs = folders.map(\.path)
    bytes = page.count
    notes = runs.flatMap(\.notes)
  }

  public var text: String { path }

  public var json: JSONValue {
    .object([
      "path": .text(path), "runs": .list(runs.map(JSONValue.text)), "bytes": .integer(bytes),
      "notes": .list(notes.map(JSONValue.text)),
    ])
  }
}
