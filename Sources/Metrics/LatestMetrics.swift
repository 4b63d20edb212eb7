import Foundation
import Foundations

/// The newest lines of `metrics.jsonl`, found from its end: thousands of runs can be looked at without their files
/// being read.
public struct LatestMetrics: Equatable, Sendable {
  /// nil: no step has been recorded.
  public private(set) var training: TrainingMetrics?
  /// nil: nothing was evaluated, or so long ago that it was not looked for.
  public private(set) var evaluation: RecordedEvaluation?

  /// When the file was last written; nil: it is not there.
  public private(set) var written: Date?

  /// Bytes that are read first, twice as many each time after, and in all. The newest step is in the first piece;
  /// evaluations can be thousands of lines apart.
  private static let piece = 1 << 13
  private static let limit = 1 << 22

  /// Of a run that has recorded nothing.
  public init() {}

  /// Reads from the end until there is one of each. A file that is not there, or was cut, gives what there is.
  ///
  /// - Parameter path: Of the file.
  /// - Throws: `UnreadableText`.
  public init(endOf path: String) throws(UnreadableText) {
    try self.init(endOf: path, piece: Self.piece, limit: Self.limit)
  }

  init(endOf path: String, piece: Int, limit: Int) throws(UnreadableText) {
    guard let file = try RegularFile(path) else { return }
    written = file.modified
    let decoder = JSONDecoder()
    var piece = piece
    var begin = file.size
    // The beginning of the bytes that were read: the rest of a line that began earlier.
    var rest: [UInt8] = []
    while begin > 0, file.size - begin < limit, training == nil || evaluation == nil {
      let start = max(0, begin - piece)
      let bytes = try file.read(start..<begin) + rest
      begin = start
      piece *= 2
      var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
      rest = start == 0 ? [] : lines.popFirst().map(Array.init) ?? []
      while let line = lines.popLast() { take(line, decoder) }
    }
  }

  private mutating func take(_ line: ArraySlice<UInt8>, _ decoder: JSONDecoder) {
    guard !line.isEmpty, MetricsLine.isEvaluation(Data(line)) ? evaluation == nil : training == nil
    else { return }
    switch MetricsLine(line, decoder) {
    case .training(let metrics): training = metrics
    case .evaluation(let result): evaluation = result
    case nil: break
    }
  }
}
