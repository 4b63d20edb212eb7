import Collectives
import Configurations
import Datasets
import Evaluation
import Foundations
import Logging
import Objectives
import Progress
import Pruning
import Tensors
import Training

/// Makes the trainings of a study of pruning, or goes on with them. Every rank does the same. Source: [C].
///
/// What is finished is left alone, so that the same call after a kill at any moment gives the same bits.
public struct PruneStudy {
  private let plan: PruneStudyPlan
  private let file: ConfigurationFile
  private let settings: [MaskSource: [String]]
  private let allowsClosedLayers: Bool
  private let communicator: Communicator
  private let display: ProgressDisplay
  private let log: Logger

  /// - Parameters:
  ///   - file: What all trainings share.
  ///   - settings: `KEY=VALUE`s laid over it for the trainings of one source; those of `labels` also where networks are
  ///     re-trained.
  ///   - allowsClosedLayers: Whether it goes on where a layer has no weights left.
  ///   - display: Rank 0 shows the progress of each run there.
  /// - Throws: The same `AgreedFailure` on every rank.
  public init(
    _ plan: PruneStudyPlan, of file: ConfigurationFile, settings: [MaskSource: [String]],
    allowsClosedLayers: Bool, on communicator: Communicator, display: ProgressDisplay, log: Logger
  ) throws {
    self.plan = plan
    self.file = try file.readingFiles(on: communicator)
    self.settings = settings
    self.allowsClosedLayers = allowsClosedLayers
    self.communicator = communicator
    self.display = display
    self.log = log
  }

  /// Does what has not been done yet.
  ///
  /// - Parameters:
  ///   - index: Of the only chain that is made; nil: all are.
  ///   - isForced: Whether folders are taken from other jobs that seem to be alive.
  /// - Returns: On rank 0 what came of everything that is there; nil on others.
  /// - Throws: `RunStopped`, `TrainingFailure` or `AgreedFailure` on every rank, or what failed on this rank alone.
  public func run(only index: Int? = nil, force isForced: Bool) throws -> PruneStudyReport? {
    let backbone = try requireData().makeNetwork().backbone
    let runs = StudyRuns(communicator: communicator, display: display, log: log, isForced: isForced)
    for chain in index.map({ [plan.chains[$0]] }) ?? plan.chains {
      try make(chain, runs)
    }
    return try communicator.onRoot { _ in
      let report = try PruneStudyReport(plan, backbone)
      // Jobs that run side by side would write the same files.
      if index == nil { try report.write(to: plan.folder) }
      return report
    }
  }

  /// Makes sure, before hours of training, that each training can take its data.
  ///
  /// - Returns: The configuration of the training on labels.
  /// - Throws: The same `AgreedFailure` on every rank.
  private func requireData() throws -> Configuration {
    let (_, data) = try file.opened(on: communicator)
    let configurations = try ([.supervised] + plan.chains.map(\.objective)).map { objective in
      try file(for: objective, seed: 0).resolved(
        imageSize: data.train.imageSize, classCount: data.train.labelledClassCount, on: communicator)
    }
    for configuration in configurations {
      try communicator.agree {
        let conflict =
          configuration.conflict(imageCount: data.train.count, worldSize: communicator.worldSize)
          ?? configuration.labelConflict(classCount: data.train.labelledClassCount)
        if let conflict { throw conflict }
        // What networks reach on labels is measured on test images.
        _ = try data.classifiable(source: configuration.data.source)
      }
    }
    if let transfer = plan.transfer {
      let (_, other) = try file.reading(transfer).opened(on: communicator)
      try communicator.agree { _ = try other.classifiable(source: transfer) }
    }
    return configurations[0]
  }

  /// The configuration of a training.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  private func file(
    for objective: ObjectiveKind, seed: UInt64, _ schedule: TrainingSchedule = .configured
  ) throws -> ConfigurationFile {
    let own = settings[.training(objective)] ?? []
    return try communicator.agree {
      try file.applying(
        ["objective.name=\(objective.rawValue)"] + own + schedule.settings + ["seed=\(seed)"])
    }
  }

  // MARK: Chains

  private func make(_ chain: PruneStudyPlan.Chain, _ runs: StudyRuns) throws {
    runs.say("masks from \(chain.source), seed \(chain.seed), in \(chain.pruning.folder)")
    _ = try PruningProcedure(
      chain.pruning, of: file(for: chain.objective, seed: chain.seed),
      allowsClosedLayers: allowsClosedLayers, on: communicator, display: display, log: log
    ).run(force: runs.isForced)
    for subnetwork in chain.subnetworks { try retrain(subnetwork, of: chain, runs) }
    for round in plan.rounds { try transfer(chain, round, runs) }
  }

  private func retrain(
    _ subnetwork: PruneStudyPlan.Subnetwork, of chain: PruneStudyPlan.Chain, _ runs: StudyRuns
  ) throws {
    let file = try file(for: .supervised, seed: chain.seed, subnetwork.schedule)
    guard try !runs.hasFinished(subnetwork.folder, as: file) else { return }
    runs.say(
      "training on labels, mask from \(subnetwork.source), round \(subnetwork.round), "
        + "schedule \(subnetwork.schedule.name), in \(subnetwork.folder.path)")
    let round = chain.pruning.rounds[subnetwork.round]
    if subnetwork.source == .random, try !runs.isThere(subnetwork.mask) {
      try scatter(round, to: subnetwork)
    }
    var start =
      subnetwork.source == .reinitialized
      ? PrunedStart(redraw: subnetwork.round) : chain.pruning.retraining(after: round)
    start.mask = subnetwork.mask
    start.allowsClosedLayers = allowsClosedLayers
    try runs.make(file, in: subnetwork.folder, pruned: start)
  }

  /// Writes the random mask that keeps as many weights of each layer as that of a round.
  private func scatter(_ round: PruningPlan.Round, to subnetwork: PruneStudyPlan.Subnetwork) throws {
    try communicator.agree {
      guard communicator.rank == 0 else { return }
      let mask = try PruningMask(SafetensorsFile(contentsOf: round.mask)).scattered(seed: subnetwork.seed)
      try DurableFiles.makeFolder(subnetwork.maskFolder, withParents: true)
      try DurableFiles.replace(subnetwork.mask, by: mask.encode())
    }
  }

  /// Trains linear classifiers on the frozen features of the network that a round left.
  private func transfer(_ chain: PruneStudyPlan.Chain, _ round: Int, _ runs: StudyRuns) throws {
    guard let path = plan.transferFile(chain, round: round), let data = plan.transfer else { return }
    try communicator.agree {
      guard communicator.rank == 0 else { return }
      try DurableFiles.makeFolder(plan.transferFolder(chain), withParents: true)
    }
    try runs.measure(
      chain.pruning.rounds[round].folder,
      by: CheckpointLinearAccuracy(file, .stages, of: data, on: communicator, display: display),
      keptIn: path,
      title: "linear classifiers on \(data), network of \(chain.source), round \(round), seed \(chain.seed)")
  }
}
