import Foundation
import Foundations

/// Writes `metrics.csv`: the numbers of `metrics.jsonl` as a table, a row for each of its lines.
///
/// Columns are the same from the first row to the last; a cell is empty where its line has no such number.
package final class MetricsTable: RunLog {
  package let file: RecordFile
  private let gates: [String]
  private let columns: [String]

  /// Opens the file to append to it.
  ///
  /// - Parameters:
  ///   - gates: What the logs call the gates, in the order of the forward pass.
  ///   - resumedStep: The step of the checkpoint that the run goes on from: later rows, which will be written again, and
  ///     a row that was cut short are removed, and all of them where the columns were others. nil: a new run.
  /// - Throws: `UnwritableFile`.
  package init(path: String, gates: [String], resumedStep: Int?) throws(UnwritableFile) {
    self.gates = gates
    columns = Self.columns(gates: gates)
    let head = Data((columns.joined(separator: ",") + "\n").utf8)
    let written = resumedStep == nil ? nil : FileManager.default.contents(atPath: path)
    let text = head + Self.rows(of: written ?? Data(), below: head, upTo: resumedStep ?? 0)
    try DurableFiles.replace(path, by: text)
    file = RecordFile(path: path, size: text.count)
  }

  static func columns(gates: [String]) -> [String] {
    [
      "step", "timestamp", "epoch", "loss", "objective", "budget", "bound", "macs_share", "latency_ms",
      "learning_rate", "images_per_s", "data_wait_share", "communication_share", "seconds", "images_skipped",
      "embedding_std",
      "effective_rank",
    ] + gates.map { "density/\($0)" }
      + ["top1", "top5", "nearest_top1", "images", "macs_share"].map { "evaluation/\($0)" }
      + gates.map { "evaluation/density/\($0)" }
      + ["probe/top1", "probe/top5", "classifier/top1", "classifier/top5"]
  }

  package func record(of entry: LogEntry) -> Data? {
    let (step, epoch, timestamp): (Int, Int, Double?)
    switch entry {
    case .training(let metrics): (step, epoch, timestamp) = (metrics.step, metrics.epoch, metrics.timestamp)
    case .evaluation(let result): (step, epoch, timestamp) = (result.step, result.epoch, result.timestamp)
    case .audit, .rankTimes, .picture: return nil
    }
    var cells = Dictionary(
      entry.numbers(gates: gates).map { ($0.name, Self.cell($0.value)) }, uniquingKeysWith: { $1 })
    cells["step"] = "\(step)"
    cells["epoch"] = "\(epoch)"
    cells["timestamp"] = timestamp.map { decimals($0, 3) }
    return Data((columns.map { cells[$0] ?? "" }.joined(separator: ",") + "\n").utf8)
  }

  /// With the fewest digits that read back to the same number; whole numbers without a point.
  private static func cell(_ value: Double) -> String {
    guard value.isFinite else { return "" }
    return Int(exactly: value).map(String.init) ?? "\(value)"
  }

  /// The whole rows of steps up to `step`; none where the first line is not `head`.
  private static func rows(of data: Data, below head: Data, upTo step: Int) -> Data {
    guard data.starts(with: head), let end = data.lastIndex(of: UInt8(ascii: "\n")) else { return Data() }
    let rows = data[(data.startIndex + head.count)..<max(end + 1, data.startIndex + head.count)]
    return rows.split(separator: UInt8(ascii: "\n")).reduce(into: Data()) { kept, row in
      guard let first = Int(String(decoding: row.prefix { $0 != UInt8(ascii: ",") }, as: UTF8.self)),
        first <= step
      else { return }
      kept += row + [UInt8(ascii: "\n")]
    }
  }
}
