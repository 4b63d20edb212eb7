import Collectives
import Configurations
import Foundation
import Foundations
import Logging
import Networks
import Progress
import Pruning
import Tensors
import Training

/// Trains and prunes in rounds, or goes on with that. Every rank does the same. Source: [C], after Han et al. (2015) and
/// Frankle et al. (2019).
///
/// What is finished is left alone, so that the same call after a kill at any moment gives the same bits.
public struct PruningProcedure {
  private let plan: PruningPlan
  private let file: ConfigurationFile
  private let allowsClosedLayers: Bool
  private let communicator: Communicator
  private let display: ProgressDisplay
  private let log: Logger

  /// - Parameters:
  ///   - file: The configuration of every round.
  ///   - allowsClosedLayers: Whether it goes on where a layer has no weights left.
  ///   - display: Rank 0 shows the progress of each round there.
  /// - Throws: The same `AgreedFailure` on every rank.
  public init(
    _ plan: PruningPlan, of file: ConfigurationFile, allowsClosedLayers: Bool, on communicator: Communicator,
    display: ProgressDisplay, log: Logger
  ) throws {
    self.plan = plan
    self.file = try file.readingFiles(on: communicator)
    self.allowsClosedLayers = allowsClosedLayers
    self.communicator = communicator
    self.display = display
    self.log = log
  }

  /// Does what has not been done yet.
  ///
  /// - Parameter isForced: Whether folders are taken from other jobs that seem to be alive.
  /// - Returns: On rank 0 what came of all rounds; nil on others.
  /// - Throws: `RunStopped`, `TrainingFailure` or `AgreedFailure` on every rank, or what failed on this rank alone.
  public func run(force isForced: Bool) throws -> PruningReport? {
    try communicator.agree {
      if communicator.rank == 0 { try requireSameProcedure() }
    }
    let runs = StudyRuns(communicator: communicator, display: display, log: log, isForced: isForced)
    for (index, round) in plan.rounds.enumerated() {
      let before = index == 0 ? nil : plan.rounds[index - 1]
      if let before, try !runs.isThere(round.mask) { try prune(before, round) }
      if try !runs.hasFinished(round.folder, as: file) { try train(round, runs) }
      if before == nil, try !runs.isThere(round.mask) { try keepAll(round) }
    }
    let backbone = try trained(plan.rounds[0])
    return try communicator.onRoot { _ in
      let report = try PruningReport(plan, backbone)
      try DurableFiles.replace("\(plan.folder)/prune.csv", by: Data(report.csv.utf8))
      try DurableFiles.replace("\(plan.folder)/prune.json", by: Data((report.json.line + "\n").utf8))
      return report
    }
  }

  /// - Throws: `RunError.otherConfiguration` where the folder's rounds were pruned in another way. More rounds may follow.
  private func requireSameProcedure() throws {
    let differences = try plan.rounds[0].folder.differences(of: file) ?? []
    let changed = differences.filter { $0.key.hasPrefix("pruning.") && $0.key != "pruning.rounds" }
    guard changed.isEmpty else {
      throw RunError.otherConfiguration(folder: plan.folder, differences: changed.map(\.description))
    }
  }

  // MARK: Training

  private func train(_ round: PruningPlan.Round, _ runs: StudyRuns) throws {
    runs.say("round \(round.number) of \(plan.rounds.last!.number), in \(round.folder.path)")
    var start = plan.start(of: round)
    start.allowsClosedLayers = allowsClosedLayers
    try runs.make(file, in: round.folder, pruned: start) {
      try requireRemainingWeights($0)
      return try keptPoint($0.plan, isFirst: round == plan.rounds[0])
    }
  }

  /// - Throws: The same `AgreedFailure` on every rank where the rounds would leave less than two weights.
  private func requireRemainingWeights(_ prepared: RunPreparation) throws {
    let counts = prepared.model.backbone.prunableParameters(includesStem: plan.settings.stem).map(\.count)
    func remaining(after rounds: Int) -> Int {
      plan.settings.criterion.remaining(of: counts, after: rounds) ?? Int.max
    }
    let rounds = plan.settings.rounds
    try communicator.agree {
      guard remaining(after: rounds) < 2 else { return }
      throw StudyError.tooManyRounds(
        rounds, remaining: remaining(after: rounds), weights: counts.reduce(0, +),
        most: (0..<rounds).last { remaining(after: $0) > 1 } ?? 0)
    }
  }

  /// What a round keeps for those after it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank where its run ends too early.
  private func keptPoint(_ run: TrainingPlan, isFirst: Bool) throws -> KeptPoint? {
    if plan.settings.rewind == .none { return KeptPoint(step: run.lastStep, restarts: true) }
    guard isFirst, let step = plan.settings.rewind.step(stepsPerEpoch: run.stepsPerEpoch) else { return nil }
    try communicator.agree {
      if step >= run.lastStep { throw StudyError.lateRewinding(step: step, lastStep: run.lastStep) }
    }
    return KeptPoint(step: step)
  }

  // MARK: Masks

  /// Writes the mask of the round of the whole network: all weights remain.
  private func keepAll(_ round: PruningPlan.Round) throws {
    let backbone = try trained(round)
    try write(
      PruningMask(keepingAll: backbone.prunableParameters(includesStem: plan.settings.stem)), of: round)
  }

  /// Writes the mask of a round: what remains after the round before.
  private func prune(_ before: PruningPlan.Round, _ round: PruningPlan.Round) throws {
    let backbone = try trained(before)
    let file = try communicator.safetensors(at: before.mask)
    let old = try communicator.agree { try PruningMask(file, for: backbone) }
    let usage = plan.settings.criterion == .gateUsage ? try gateUsage(of: before, backbone.blueprint) : nil
    let configuration = try communicator.agree {
      try self.file.resolved(imageSize: backbone.blueprint.inputSize)
    }
    let mask = (before.number + 1...round.number).reduce(old) { mask, number in
      PruningRound(plan.settings.criterion, seed: configuration.seed, number: number, usage: usage)
        .prune(mask, of: backbone)
    }
    try communicator.agree {
      if !allowsClosedLayers { try mask.requireOpen(path: round.mask) }
    }
    try write(mask, of: round)
  }

  /// The network as a round left it.
  private func trained(_ round: PruningPlan.Round) throws -> any Backbone {
    let checkpoint = try Checkpoint.open(round.folder.latestCheckpoint, on: communicator) {
      log.warning("\($0)")
    }
    return try TrainedBackbone(checkpoint, imageSize: 32, on: communicator).backbone
  }

  /// Writes a mask that all ranks have found.
  ///
  /// - Throws: The same `AgreedFailure` on every rank where they found different ones, or it cannot be written.
  private func write(_ mask: PruningMask, of round: PruningPlan.Round) throws {
    let data = mask.encode()
    let digests = try communicator.gatherBytes(Array(DurableFiles.digest(data).utf8))
    try communicator.agree {
      if let other = digests.firstIndex(where: { $0 != digests[0] }) {
        throw StudyError.differentMasks(round: round.number, rank: other)
      }
      guard communicator.rank == 0 else { return }
      try DurableFiles.makeFolder(round.folder.path, withParents: true)
      try DurableFiles.replace(round.mask, by: data)
    }
  }

  /// The share of test images that opened each channel of each gate when the round ended.
  ///
  /// - Throws: The same `AgreedFailure` on every rank where that was not recorded.
  private func gateUsage(of round: PruningPlan.Round, _ blueprint: Blueprint) throws -> [[Double]] {
    let path = round.folder.evaluation
    let data = try communicator.contents(of: path) { StudyError.unreadable(path: path, reason: $0) }
    return try communicator.agree {
      let gates = (try? JSONDecoder().decode(JSONValue.self, from: data))?["gates"]
      let images = gates?["images"]?.double ?? 0
      let usage = gates?["blocks"]?.elements?.map { block -> [Double] in
        (block["open"]?.elements ?? []).map { ($0.double ?? 0) / images }
      }
      guard let usage, usage.map(\.count) == blueprint.gates.map(\.channels) else {
        throw StudyError.noGateUsage(path: path)
      }
      return usage
    }
  }
}
