import Foundation
import Foundations

/// What `metrics.jsonl` holds, of a run that may still be writing it.
public struct RecordedMetrics: Equatable, Sendable {
  /// In the order of steps.
  public private(set) var training: [TrainingMetrics] = []
  /// In the order of steps; the first is of the untrained network.
  public private(set) var evaluations: [RecordedEvaluation] = []
  /// What is missing, in a sentence; nil: nothing that shows.
  public private(set) var gap: String?

  /// Reads the whole file. One that is not there, cannot be read or was cut gives what there is, and a `gap`.
  ///
  /// - Parameter path: Of the file.
  public init(contentsOf path: String) {
    do throws(UnreadableText) {
      guard let file = try RegularFile(path) else {
        gap = "\(path): there is no such file, so no step has been recorded"
        return
      }
      take(try file.read(), path: path)
    } catch {
      gap = "\(path): cannot be read: \(error.reason)"
    }
  }

  /// - Parameter path: What a gap names.
  private mutating func take(_ bytes: [UInt8], path: String) {
    let decoder = JSONDecoder()
    var unreadable: [Int] = []
    var number = 0
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      guard !line.isEmpty else { continue }
      switch MetricsLine(line, decoder) {
      case .training(let metrics): training.append(metrics)
      case .evaluation(let evaluation): evaluations.append(evaluation)
      case nil: unreadable.append(number)
      }
    }
    gap = Self.gap(unreadable, isLastCut: unreadable.last == number, path: path)
    if gap == nil, number == 1 { gap = "\(path): it is empty, so no step has been recorded" }
  }

  /// - Parameters:
  ///   - unreadable: Numbers of lines, from 1.
  ///   - isLastCut: Whether the last of these is the file's last and has no end.
  private static func gap(_ unreadable: [Int], isLastCut: Bool, path: String) -> String? {
    let within = isLastCut ? unreadable.dropLast() : unreadable[...]
    guard let first = within.first else {
      return isLastCut ? "\(path): the last line is incomplete, as while it is written or after a crash" : nil
    }
    return "\(path): \(counted(within.count, "line")) cannot be read, the first is line \(first)"
      + (isLastCut ? "; the last line is incomplete" : "")
  }
}

/// One line of `metrics.jsonl`.
enum MetricsLine {
  case training(TrainingMetrics)
  case evaluation(RecordedEvaluation)

  private static let evaluationKey = Data(#""evaluation":"#.utf8)

  /// nil: it is neither, or was cut.
  init?(_ bytes: ArraySlice<UInt8>, _ decoder: JSONDecoder) {
    let line = Data(bytes)
    if Self.isEvaluation(line) {
      guard let value = try? decoder.decode(RecordedEvaluation.self, from: line) else { return nil }
      self = .evaluation(value)
    } else {
      guard let value = try? decoder.decode(TrainingMetrics.self, from: line) else { return nil }
      self = .training(value)
    }
  }

  /// Whether a line is that of an evaluation, so that it need not be decoded to find out.
  static func isEvaluation(_ line: Data) -> Bool { line.range(of: evaluationKey) != nil }
}
