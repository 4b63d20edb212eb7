import Foundation
import Foundations

/// A file to which a run appends what it learns while it trains.
package protocol RunLog: AnyObject {
  var file: RecordFile { get }
  /// What stands for an entry in the file; nil: nothing does.
  func record(of entry: LogEntry) -> Data?
}

extension RunLog {
  /// Takes an entry, and writes it with all that are waiting.
  ///
  /// - Throws: `UnwritableFile`; the entry waits.
  package func write(_ entry: LogEntry) throws(UnwritableFile) {
    if let record = record(of: entry) { try file.append(record) } else { try file.write() }
  }

  /// Waits until the disk has everything.
  ///
  /// - Throws: `UnwritableFile`; what it may not have waits.
  package func sync() throws(UnwritableFile) { try file.sync() }

  /// Where its file is.
  package var path: String { file.path }

  /// Records that could not be written yet, and are when it is possible again.
  package var waiting: Int { file.waiting }
  /// Records that are lost because too many were waiting.
  package var lost: Int { file.lost }
}
