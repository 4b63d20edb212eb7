import Collectives
import Datasets
import Foundation
import Foundations
import Tensors

/// How well linear classifiers tell classes apart on frozen features: what `evaluate linear` prints and, with a row for
/// every stage, `evaluate transfer`.
public struct LinearReport: Report, Sendable {
  /// What one layer's features reached.
  public struct Row: Sendable {
    /// `backbone`, or a stage, for example `layer2`.
    public let name: String
    public let dimension: Int
    /// By seed.
    public let results: [LinearEvaluation.Result]

    public var accuracy: SeededAccuracy { SeededAccuracy(results.map(\.predictions)) }
  }

  /// In the order of the forward pass; the last is the backbone's where it stands alone.
  public let rows: [Row]
  public let solver: LinearEvaluation.Solver
  public let seeds: [UInt64]
  public let trainingImages: Int
  public let images: Int
  /// Over the test images.
  public let usage: ChannelUsage
  /// A sentence for each image that could not be used.
  public let skipped: [String]
  private let dataNotes: [String]
  private let dataDigest: String?

  /// Trains and tests on rank 0, layer by layer; every rank calls it.
  ///
  /// - Parameters:
  ///   - train, test: With equally many layers.
  ///   - seeds: At least one.
  ///   - progress: Told on rank 0 the share that is done.
  /// - Returns: nil on other ranks than 0.
  /// - Throws: `EvaluationStopped` on every rank; `CollectiveError`.
  public static func make(
    train: Extraction, test: Extraction, _ parts: ClassifiableParts, of data: DataParts, usage: ChannelUsage,
    evaluation: LinearEvaluation, seeds: [UInt64], on communicator: Communicator, pool: WorkerPool,
    progress: (Double) -> Void = { _ in }
  ) throws -> LinearReport? {
    let skipped = try SkippedSentences.gather(train, test, parts, on: communicator)
    let labels = try communicator.gather(train.labels ?? [], to: 0)
    let testLabels = try communicator.gather(test.labels ?? [], to: 0)
    var rows: [Row] = []
    for (number, layer) in train.layers.enumerated() {
      // One layer's features are whole at a time.
      let known = try communicator.gatherOnRoot(layer.features)
      let asked = try communicator.gatherOnRoot(test.layers[number].features)
      let row = try communicator.onRoot { isStopRequested -> Row? in
        guard let known, let asked, let labels, let testLabels else { return nil }
        var matrix = LabelledMatrix(known, labels: labels, classCount: data.classNames.count)
        let testMatrix = LabelledMatrix(asked, labels: testLabels, classCount: data.classNames.count)
        var results: [LinearEvaluation.Result] = []
        do {
          for (index, seed) in seeds.enumerated() {
            var seeded = evaluation
            seeded.seed = seed
            let result = try seeded.run(train: &matrix, test: testMatrix, pool: pool) { share in
              if try isStopRequested() { throw EvaluationStopped() }
              let done = Double(number) + (Double(index) + share) / Double(seeds.count)
              progress(done / Double(train.layers.count))
            }
            results.append(result)
          }
        } catch is EvaluationStopped {
          return nil
        }
        return Row(name: layer.name, dimension: layer.features.dimension, results: results)
      }
      if try communicator.isStopRequested() { throw EvaluationStopped() }
      if let row = row.flatMap(\.self) { rows.append(row) }
    }
    guard communicator.rank == 0 else { return nil }
    return LinearReport(
      rows: rows, solver: evaluation.solver, seeds: seeds, trainingImages: train.images, images: test.images,
      usage: usage, skipped: skipped, dataNotes: data.notes, dataDigest: data.digest)
  }

  public var json: JSONValue {
    let last = rows[rows.count - 1]
    return .object(
      keyed: last.accuracy.fields + [
        ("solver", .text(solver.rawValue)),
        ("seeds", .list(seeds.map { .integer(Int(clamping: $0)) })),
        ("training_images", .integer(trainingImages)), ("images", .integer(images)),
        ("images_skipped", .integer(skipped.count)), ("macs_share", .number(usage.macsShare)),
        ("data_notes", .list(dataNotes.map(JSONValue.text))),
        ("data_digest", dataDigest.map(JSONValue.text) ?? .null),
        ("layers", .list(rows.map { $0.json(solver) })),
      ])
  }

  /// For a person.
  public var text: String {
    let title =
      switch solver {
      case .lbfgs: "logistic regression (L-BFGS)"
      case .sgd: "linear layer (SGD)"
      }
    let width = max(rows.map(\.name.count).max() ?? 0, 8)
    let lines = rows.map { row in
      String(format: "%@ %5d  ", row.name.padded(to: width), row.dimension)
        + "\(row.accuracy.text)  \(row.settings(solver))"
    }
    return
      ([
        "\(title) on \(trainingImages) training images, tested on \(images), "
          + String(format: "%.2f %% of the dense network's MACs", 100 * usage.macsShare)
      ] + lines).joined(separator: "\n")
  }

  /// For a person, in one line.
  public var line: String {
    let last = rows[rows.count - 1]
    return
      "linear \(last.accuracy.top1.text) %, \(percent(100 * usage.macsShare)) of dense MACs on \(images) test images"
  }
}

/// What every rank throws when the job was asked to stop before an evaluation had ended.
public struct EvaluationStopped: StoppedAsAsked, CustomStringConvertible {
  public init() {}

  public var description: String {
    "stopped as requested during the evaluation: the same command starts it again"
  }
}

extension LinearReport.Row {
  fileprivate func json(_ solver: LinearEvaluation.Solver) -> JSONValue {
    let setting = solver == .lbfgs ? "inverse_decay" : "learning_rate"
    return .object(
      keyed: [("name", .text(name)), ("dimension", .integer(dimension))] + accuracy.fields + [
        (
          "runs",
          .list(
            results.map { result in
              .object([
                "top1": .number(result.predictions.top1), "top5": .number(result.predictions.top5),
                setting: .number(result.chosen.setting),
                "held_out": .list(
                  result.choices.map { .object([setting: .number($0.setting), "top1": .number($0.held)]) }),
              ])
            })
        )
      ])
  }

  /// The settings that were chosen, for a person.
  fileprivate func settings(_ solver: LinearEvaluation.Solver) -> String {
    let chosen = results.map { String(format: "%g", $0.chosen.setting) }
    return (solver == .lbfgs ? "C " : "rate ") + chosen.joined(separator: ", ")
  }
}

extension ClosedRange<Double> {
  var json: JSONValue { .list([.number(lowerBound), .number(upperBound)]) }
}
