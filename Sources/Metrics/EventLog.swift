import Foundation
import Foundations
import SwiftProtobuf
import TensorBoardMessages

/// Writes the run's numbers, histograms and pictures as TensorBoard reads them: a file
/// `events.out.tfevents.<seconds>.<host>.<pid>` for each session of the run.
package final class EventLog: RunLog {
  package let file: RecordFile
  private let gates: [String]

  private static let prefix = "events.out.tfevents."

  /// Begins a file in the run's folder.
  ///
  /// TensorBoard reads the files of a folder in the order of their names, as one. Where a file begins with a start,
  /// it forgets what it read of that step and later ones: what a session wrote after the checkpoint from which the
  /// next one went on does not show.
  ///
  /// - Parameters:
  ///   - host: Where the process runs, and `process`, its number: for the file's name.
  ///   - gates: What the logs call the gates, in the order of the forward pass.
  ///   - resumedStep: The step of the checkpoint that the run goes on from; nil: a new run.
  ///   - timestamp: Seconds since 1970.
  /// - Throws: `UnwritableFile`.
  package init(
    folder: String, host: String, process: Int32, gates: [String], resumedStep: Int?,
    timestamp: Double = currentTimestamp()
  ) throws(UnwritableFile) {
    self.gates = gates
    // After every file that is there, also where two sessions begin in one second or clocks of hosts differ.
    let seconds = max(Int(timestamp), (Self.seconds(ofFilesIn: folder).max() ?? 0) + 1)
    let path = "\(folder)/\(Self.prefix)\(seconds).\(host.replacing("/", with: "-")).\(process)"
    var version = TensorBoardEvent()
    version.wallTime = timestamp
    version.fileVersion = "brain.Event:2"
    var start = TensorBoardEvent()
    start.wallTime = timestamp
    start.step = resumedStep.map { Int64($0 + 1) } ?? 0
    start.sessionLog.status = .start
    let head = Self.record(of: version) + Self.record(of: start)
    try DurableFiles.replace(path, by: head)
    file = RecordFile(path: path, size: head.count)
  }

  package func record(of entry: LogEntry) -> Data? {
    var event = TensorBoardEvent()
    switch entry {
    case .training(let metrics):
      event.wallTime = metrics.timestamp ?? currentTimestamp()
      event.step = Int64(metrics.step)
      event.summary.value = scalars(of: entry)
    case .evaluation(let result):
      event.wallTime = result.timestamp
      event.step = Int64(result.step)
      event.summary.value = scalars(of: entry) + histograms(of: result)
    case .audit, .rankTimes: return nil
    case .picture(let picture):
      event.wallTime = picture.timestamp
      event.step = Int64(picture.step)
      event.summary.value = [
        .with {
          $0.tag = picture.tag
          $0.image.width = Int32(picture.width)
          $0.image.height = Int32(picture.height)
          $0.image.colorspace = 3
          $0.image.encodedImageString = picture.png
        }
      ]
    }
    return Self.record(of: event)
  }

  private func scalars(of entry: LogEntry) -> [TensorBoardSummary.Value] {
    entry.numbers(gates: gates).compactMap { name, value in
      EventTag.tag(of: name).map { tag in
        .with {
          $0.tag = tag
          $0.simpleValue = Float(value)
        }
      }
    }
  }

  /// Of each gate's channels; where those were not counted, of the gates.
  private func histograms(of evaluation: EvaluationMetrics) -> [TensorBoardSummary.Value] {
    let values =
      evaluation.gates.isEmpty
      ? [("gates", evaluation.densities)] : evaluation.gates.map { ("channels/\($0.gate)", $0.openShares) }
    return values.filter { !$0.1.isEmpty }.map { name, shares in
      .with {
        $0.tag = "evaluation/\(name)"
        $0.histo = TensorBoardHistogram(ofShares: shares)
      }
    }
  }

  private static func record(of event: TensorBoardEvent) -> Data {
    // Texts are valid and no field is required: nothing can fail.
    TFRecord.framed(try! event.serializedData())
  }

  private static func seconds(ofFilesIn folder: String) -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix(prefix) }.compactMap { name in
      Int(name.dropFirst(prefix.count).prefix { $0 != "." }).flatMap { $0.isSize ? $0 : nil }
    }
  }
}

extension EvaluationMetrics {
  /// Share of open channels, by gate; empty where the result has none.
  fileprivate var densities: [Double] {
    guard case .list(let values)? = result["density"] else { return [] }
    return values.compactMap { if case .number(let value) = $0 { value } else { nil } }
  }
}
