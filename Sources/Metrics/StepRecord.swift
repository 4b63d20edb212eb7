import Foundation
import Foundations

/// What a run finds out after some of its steps: a line of JSON in a file of its own.
package protocol StepRecord: Codable, Sendable {
  /// Steps taken when it was found out.
  var step: Int { get }
  /// The record that an entry of the logs holds; nil: it holds something else.
  static func held(by entry: LogEntry) -> Self?
}

extension StepRecord {
  /// The records of a file, as far as they are whole; none where there is no file.
  package static func all(in path: String) -> [Self] {
    ((try? RegularFile(path)?.read()) ?? []).split(separator: UInt8(ascii: "\n")).compactMap {
      try? JSONDecoder().decode(Self.self, from: Data($0))
    }
  }

  /// With its end of line.
  var line: Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Text and finite numbers always encode.
    return try! encoder.encode(self) + [UInt8(ascii: "\n")]
  }
}

/// Writes a file of such records, which is not there before the first one.
package final class StepRecordLog<Record: StepRecord>: RunLog {
  package let file: RecordFile

  /// - Parameter resumedStep: The step that the run goes on from, as in `MetricsWriter`; nil: it begins.
  /// - Throws: `UnwritableFile`.
  package init(_ type: Record.Type, path: String, resumedStep: Int?) throws(UnwritableFile) {
    let kept = Record.all(in: path).filter { $0.step <= resumedStep ?? 0 }.map(\.line).reduce(Data(), +)
    if FileManager.default.fileExists(atPath: path) { try DurableFiles.replace(path, by: kept) }
    file = RecordFile(path: path, size: kept.count)
  }

  package func record(of entry: LogEntry) -> Data? { Record.held(by: entry)?.line }
}
