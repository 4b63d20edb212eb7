import Configurations
import Foundation
import Foundations
import Metrics
import Provenance
import Training

/// What `sluice runs show` prints: one run in full.
public struct RunDetails: Report, Sendable {
  private let run: FoundRun
  /// Where its configuration is not the default, in the order of keys; nil: it cannot be read.
  private let differences: [Configuration.Difference]?
  private let configuration: [(key: String, value: String)]
  private let evaluations: [RecordedEvaluation]
  private let sessions: [Session]
  /// What could not be read, one sentence each.
  private let notes: [String]

  /// - Parameter path: The run's folder.
  /// - Throws: `StudyError`.
  public init(_ path: String) throws {
    let folder = RunFolder(path)
    run = try FoundRun(folder)
    var notes: [String] = []
    do {
      let file = try run.configuration()
      // Runs did not always record their input's size.
      let values = try file.resolved(imageSize: 32)
      differences = values.differences(from: Configuration(dataSource: ""))
      configuration = file.printedValues
    } catch {
      (differences, configuration) = (nil, [])
      notes.append("\(error)")
    }
    let metrics = RecordedMetrics(contentsOf: folder.metrics)
    evaluations = metrics.evaluations
    if let gap = metrics.gap { notes.append(gap) }
    let history = FileManager.default.contents(atPath: folder.environment).flatMap { try? SessionHistory($0) }
    sessions = history?.readable ?? []
    self.notes = notes
  }

  // MARK: Text

  public var text: String {
    var lines = rows.flatMap { label, text in
      text.wrapped(columns: 100, first: label.padded(to: 15))
    }
    if let differences {
      lines += ["", "configuration, where it is not the default"]
      lines += differences.map { "  \($0.key): \($0.new)" }
    }
    if !evaluations.isEmpty { lines += [""] + evaluationTable.lines }
    return (lines + (notes.isEmpty ? [] : [""] + notes)).joined(separator: "\n")
  }

  private var rows: [(label: String, text: String)] {
    var rows = [("run", ByteName(run.path).text), ("state", stateText), ("progress", progressText)]
    if let training = run.training { rows.append(("last step", Self.words(training))) }
    let results = [RunMetric.knn, .linear, .classifier, .macsShare].compactMap { metric in
      metric.value(run).map { "\(metric.title) \(metric.text($0))" }
    }
    if !results.isEmpty { rows.append(("results", results.joined(separator: ", "))) }
    rows.append(
      (
        "checkpoints",
        run.checkpoints.isEmpty
          ? "none" : "after step " + run.checkpoints.map(grouped).joined(separator: "; ")
      ))
    for (number, session) in sessions.enumerated() {
      rows.append(
        (
          number == 0 ? "sessions" : "",
          "\(session.startedAt), from step \(grouped(session.fromStep)): \(session.line)"
        ))
    }
    return rows
  }

  private var stateText: String {
    switch run.state {
    case .training: "training, by " + (run.holder.map(\.words) ?? "a process that did not give its name")
    case .finished: "finished"
    case .stopped: "stopped: the same command goes on from its newest checkpoint"
    case .orphaned:
      "orphaned: " + (run.holder.map(\.words) ?? "a process that did not give its name")
        + " is gone; the same command goes on from the newest checkpoint"
    }
  }

  private var progressText: String {
    let epochs = configuration.first { $0.key == "epochs" }.map { " of \($0.value)" } ?? ""
    return
      (["step \(grouped(run.step)) of \(run.steps.map(grouped) ?? "an unknown number")"]
      + [run.epoch.map { "epoch \($0 + 1)\(epochs)" }, run.seconds.map { "\(durationText($0)) in steps" }]
      .compactMap(\.self) + [run.secondsLeft.map { "about \(durationText($0)) left" }].compactMap(\.self))
      .joined(separator: ", ")
  }

  private static func words(_ metrics: TrainingMetrics) -> String {
    "loss \(decimals(metrics.loss, 4)), MACs \(percent(100 * metrics.macsShare, decimals: 1)), density "
      + "\(decimals(metrics.meanDensity, 3)), \(decimals(metrics.imagesPerSecond, 1)) images/s"
  }

  private var evaluationTable: TextTable {
    TextTable(
      [.number("evaluated at step"), .number("epoch"), .number("k-NN"), .number("nearest"), .number("MACs")],
      evaluations.map { evaluation in
        [grouped(evaluation.step), evaluation.step == 0 ? "–" : "\(evaluation.epoch + 1)"]
          + [evaluation.top1, evaluation.nearestTop1].map { $0.map { percent($0) } ?? "–" }
          + [evaluation.macsShare.map { percent(100 * $0, decimals: 1) } ?? "–"]
      })
  }

  // MARK: JSON

  public var json: JSONValue {
    .object(
      keyed: run.fields + [
        ("holder", run.holder.map { .text($0.words) } ?? .null),
        ("checkpoints", .list(run.checkpoints.map(JSONValue.integer))),
        ("configuration", .object(keyed: configuration.map { ($0.key, JSONValue(printed: $0.value)) })),
        ("not_default", .list((differences ?? []).map { .text($0.key) })),
        (
          "evaluations",
          .list(
            evaluations.map {
              .object(["step": .integer($0.step), "epoch": .integer($0.epoch), "evaluation": $0.result])
            })
        ),
        ("sessions", .list(sessions.map(\.json))),
        ("notes", .list(notes.map(JSONValue.text))),
      ])
  }
}
