import Foundation
import Tensors

/// Why metrics could not be written.
public struct MetricsError: Error, Equatable, CustomStringConvertible {
  public let path: String
  public let reason: String

  public var description: String { "\(path): cannot be written: \(reason)" }
}

/// Writes `metrics.jsonl`: one JSON object a line, each line in the file as soon as it is known.
public final class MetricsWriter {
  private let path: String
  private let file: FileHandle

  /// Opens the file to append to it.
  ///
  /// - Parameter resumedStep: The step of the checkpoint that the run goes on from: later lines, which will
  ///   be written again, and a line that was cut short are removed. nil: a new run, which starts empty.
  /// - Throws: `MetricsError`.
  public init(path: String, resumedStep: Int?) throws(MetricsError) {
    self.path = path
    let url = URL(fileURLWithPath: path)
    do {
      let written = resumedStep == nil ? nil : FileManager.default.contents(atPath: path)
      let kept = Self.lines(of: written ?? Data(), upTo: resumedStep ?? 0)
      try kept.write(to: url, options: .atomic)
      file = try FileHandle(forWritingTo: url)
      try file.seekToEnd()
    } catch {
      throw MetricsError(path: path, reason: error.fileReason)
    }
  }

  deinit { try? file.close() }

  public func write(_ metrics: TrainingMetrics) throws(MetricsError) { try write(line: metrics.json) }

  /// Writes an evaluation's result.
  ///
  /// - Parameter result: The object that the evaluating command prints with `--json`.
  public func write(evaluation result: JSONValue, step: Int, epoch: Int) throws(MetricsError) {
    try write(line: .object(["step": .integer(step), "epoch": .integer(epoch), "evaluation": result]))
  }

  private func write(line: JSONValue) throws(MetricsError) {
    do {
      try file.write(contentsOf: Data((line.line + "\n").utf8))
    } catch {
      throw MetricsError(path: path, reason: error.fileReason)
    }
  }

  /// The whole lines of steps up to `step`.
  static func lines(of data: Data, upTo step: Int) -> Data {
    struct Line: Decodable { let step: Int }
    let decoder = JSONDecoder()
    let kept = data.split(separator: UInt8(ascii: "\n")).filter { line in
      guard let line = try? decoder.decode(Line.self, from: line) else { return false }
      return line.step <= step
    }
    return Data(kept.map { $0 + Data([UInt8(ascii: "\n")]) }.joined())
  }
}
