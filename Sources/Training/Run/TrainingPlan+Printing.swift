import Foundation
import Foundations
import Metrics
import Optimizers
import Tensors

extension TrainingPlan {
  /// For a person: aligned rows of at most 100 columns.
  public var text: String {
    rows.flatMap { label, text in
      text.wrapped(columns: 100 - Self.indent).enumerated().map { number, line in
        (number == 0 ? label : "").padding(toLength: Self.indent, withPad: " ", startingAt: 0) + line
      }
    }.joined(separator: "\n")
  }

  private static let indent = 15

  private var rows: [(label: String, text: String)] {
    let gates =
      target.map { target in
        "gated, target "
          + (targetMilliseconds.map {
            "\(short($0)) ms an image, \(decimals(100 * target, 1)) % of the way from all channels closed to all open"
          } ?? "\(percent(target)) of the MACs")
      } ?? "no gates"
    var rows = [
      (
        "data",
        "\(train.name), \(grouped(train.images)) images"
          + (droppedImages > 0 ? " (each epoch leaves out \(grouped(droppedImages)))" : "")
          + parts.values.dropFirst().map { "; \($0.name), \(grouped($0.images)) images" }.joined()
          + (classificationGap.map { "; \($0.words)" } ?? "")
      ),
      (
        "network",
        "\(network) at \(imageSize)×\(imageSize), \(gates)"
          + (precision == .f32 ? "" : ", convolutions in \(precision.rawValue) where that is faster")
      ),
      (
        "size",
        "\(grouped(parameters)) parameters with heads; \(grouped(Int(denseMACs))) dense MACs per image"
      ),
      (
        "objective",
        "\(objective.rawValue), "
          + (classCount.map { counted($0, "class", plural: "classes") }
            ?? negativesPerAnchor.map { "\(grouped($0)) negatives per anchor" } ?? "no negatives")
      ),
      (
        "batch",
        "\(grouped(globalBatchSize)) images on \(counted(ranks, "rank")) × \(counted(threads, "thread")): "
          + "\(grouped(localBatchSize)) a rank in \(counted(shardsPerRank, "shard")) of \(shardSize)"
          + (microBatches > 1
            ? "; \(grouped(microBatches)) micro-batches of \(grouped(globalBatchSize / microBatches)) images, "
              + "each with batch statistics of its own"
            : "")
      ),
      (
        "steps",
        "\(grouped(stepsPerEpoch)) an epoch, \(grouped(lastStep)) in all"
          + (lastStep < epochs * stepsPerEpoch
            ? " (max_steps; \(counted(epochs, "epoch")) would take \(grouped(epochs * stepsPerEpoch)))"
            : " (\(counted(epochs, "epoch")))")
          + (firstStep > 0 ? ", \(grouped(firstStep)) taken before" : "")
      ),
      ("optimizer", optimizerText),
      ("learning rate", "\(peakText), \(learningRates.words)"),
    ]
    if !unscaledTensors.isEmpty {
      rows.append(
        (
          "not scaled",
          "by LARS, nor decayed: \(counted(unscaledTensors.count, "tensor")) of one dimension, "
            + patterns(unscaledTensors).joined(separator: ", ")
        ))
    }
    rows.append(
      ("memory", "about \(memory.text) a rank, \(memory.batchText) of which for its images in a step"))
    return rows
  }

  private var optimizerText: String {
    let common = "momentum \(short(optimizer.momentum)), weight decay \(short(optimizer.weightDecay))"
    return switch optimizer.name {
    case .sgd: "SGD, \(common)"
    case .lars:
      "LARS, \(common), trust coefficient \(short(optimizer.trustCoefficient))"
        + (optimizer.clip ? ", clipped" : "")
    }
  }

  private var peakText: String {
    let peak =
      switch optimizer.learningRateScaling {
      case .none: short(learningRates.peak)
      case .linear:
        "\(short(learningRates.peak)) (\(short(optimizer.learningRate)) × \(globalBatchSize) / 256)"
      }
    guard let reached = peakLearningRate, endsInWarmup else { return "up to \(peak)" }
    return "up to \(short(reached)) on the way to \(peak)"
  }

  /// Whether the last step comes before warm-up has reached its end.
  private var endsInWarmup: Bool {
    lastStep > 0 && lastStep <= learningRates.peakStep(stepsPerEpoch: stepsPerEpoch)
  }

  /// What a person should know of the schedule before the run begins; nil: nothing.
  public var scheduleWarning: String? {
    guard let reached = peakLearningRate, endsInWarmup, firstStep < lastStep else { return nil }
    let cure = lastStep < epochs * stepsPerEpoch ? "raise max_steps" : "train for more epochs"
    return
      "the run ends in its warm-up of \(counted(learningRates.warmupEpochs, "epoch")), at a learning rate of "
      + "\(short(reached)) instead of \(short(learningRates.peak)): \(cure), or lower schedule.warmup_epochs"
  }

  /// The plan as one object; sizes in bytes.
  public var json: JSONValue {
    // Apart, or the compiler gives up.
    let negatives: JSONValue = negativesPerAnchor.map(JSONValue.integer) ?? .null
    let classes: JSONValue = classCount.map(JSONValue.integer) ?? .null
    let reference: JSONValue = parts.reference.map { .text($0.name) } ?? .null
    let test: JSONValue = parts.test.map { .text($0.name) } ?? .null
    let targetTime: JSONValue = targetMilliseconds.map(JSONValue.number) ?? .null
    return .object([
      "train": .text(train.name), "train_images": .integer(train.images),
      "reference": reference,
      "reference_images": .integer(parts.reference?.images ?? 0),
      "test": test,
      "test_images": .integer(parts.test?.images ?? 0), "data_notes": .list(dataNotes.map(JSONValue.text)),
      "data_digest": dataDigest.map(JSONValue.text) ?? .null, "dropped_images": .integer(droppedImages),
      "width": .integer(width), "input_size": .integer(imageSize), "precision": .text(precision.rawValue),
      "parameters": .integer(parameters),
      "dense_macs": .integer(Int(denseMACs)), "target": target.map(JSONValue.number) ?? .null,
      "target_ms": targetTime,
      "objective": .text(objective.rawValue),
      "negatives_per_anchor": negatives,
      "classes": classes,
      "ranks": .integer(ranks), "threads": .integer(threads), "global_batch": .integer(globalBatchSize),
      "local_batch": .integer(localBatchSize), "shard": .integer(shardSize),
      "shards_per_rank": .integer(shardsPerRank), "micro_batches": .integer(microBatches),
      "epochs": .integer(epochs),
      "steps_per_epoch": .integer(stepsPerEpoch), "first_step": .integer(firstStep),
      "last_step": .integer(lastStep), "optimizer": .text(optimizer.name.rawValue),
      "peak_learning_rate": peakLearningRate.map(JSONValue.number) ?? .null,
      "learning_rate_scaling": .text(optimizer.learningRateScaling.rawValue),
      "schedule": .text(learningRates.words), "unscaled_tensors": .list(unscaledTensors.map(JSONValue.text)),
      "memory_bytes": .integer(Int(min(memory.bytes, 0x1p62))),
    ])
  }
}

extension LearningRateSchedule {
  /// How the rate gets to its peak and on from there.
  var words: String {
    let start = unit == .epoch ? warmupStart : 0
    // By epoch the first epoch of warm-up runs at its start and the last at the peak: one alone is no warm-up.
    let hasWarmup = warmupEpochs > (unit == .epoch ? 1 : 0)
    let warmup = hasWarmup ? "from \(short(start)) over \(counted(warmupEpochs, "epoch"))" : "from the start"
    let cosine = warmupEpochs < epochs ? ", then a cosine decay to \(short(final))" : ""
    return "\(warmup)\(cosine), updated every \(unit.rawValue)"
  }
}

/// Names with the numbers of stages and blocks left open, and those of one layer together:
/// `layer*.*.bn1.{weight,bias}`.
private func patterns(_ names: [String]) -> [String] {
  var layers: [String] = []
  var tensors: [String: [String]] = [:]
  for name in names {
    let open = name.replacing(/^(?:layer\d+\.|features\.)\d+/) {
      $0.output.replacing(/\d+/, with: "*")
    }
    let dot = open.lastIndex(of: ".") ?? open.startIndex
    let (layer, tensor) = (String(open[..<dot]), String(open[dot...].dropFirst()))
    if tensors[layer] == nil { layers.append(layer) }
    if tensors[layer]?.contains(tensor) != true { tensors[layer, default: []].append(tensor) }
  }
  return layers.map { layer in
    let kinds = tensors[layer] ?? []
    return "\(layer)." + (kinds.count == 1 ? kinds[0] : "{\(kinds.joined(separator: ","))}")
  }
}

/// A number with as many digits as people write.
private func short(_ number: Double) -> String { String(format: "%.6g", number) }

private func percent(_ share: Double) -> String { "\(short(100 * share)) %" }
