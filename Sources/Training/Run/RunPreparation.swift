import Collectives
import Configurations
import Datasets
import Diagnosis
import Evaluation
import Foundations
import Layers
import Networks
import Logging
import Machine
import Optimizers
import Pruning
import Provenance
import Tensors

/// Everything that a run needs before its first step: data, network, where it starts, and what it is going to do.
///
/// Every rank prepares the same. Nothing is written, and everything that a person can get wrong has been checked
/// afterwards but the right to write.
public struct RunPreparation {
  public let configuration: Configuration
  /// What the run is going to do.
  public let plan: TrainingPlan
  let data: DataParts
  let folder: RunFolder
  let resume: Resume
  let start: RunStart
  let communicator: Communicator
  let log: Logger
  let pool: WorkerPool
  let trainer: Trainer
  /// Learns beside the network where training images have labels and the configuration wants it.
  let probe: OnlineProbe?
  /// Where the run stands before its first step.
  let state: TrainingState
  let session: Session
  private let shortage: MemoryShortage?

  package var model: Model { trainer.model }
  var isRoot: Bool { communicator.rank == 0 }

  /// Opens the data, builds the network and brings it to where the run starts.
  ///
  /// - Parameter initialBackbone: A safetensors file with the weights that the backbone gets where the run begins; nil:
  ///   those of the seed.
  /// - Parameter pruned: What it is pruned with, and where it goes back to.
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public init(
    _ file: ConfigurationFile, folder: RunFolder, resume: Resume, initialBackbone: String? = nil,
    pruned: PrunedStart = PrunedStart(),
    communicator: Communicator, log: Logger
  ) throws {
    self.folder = folder
    self.resume = resume
    self.communicator = communicator
    self.log = log
    try communicator.agree {
      if communicator.rank == 0 { try folder.requireUsable() }
    }
    let placement = try communicator.placement()
    let threads = file.threads ?? placement.threads
    try communicator.agree { try WorkerPool.requireRoom(forKernelsOn: threads) }
    pool = .forKernels(threads: threads)
    (configuration, data) = try file.opened(on: communicator, indexFile: folder.dataIndex) {
      log.info("\($0)")
    }
    try communicator.requireSame(configuration, data)
    try Self.check(configuration, data, folder, communicator)
    let given =
      pruned.rewindingPoint.map {
        GivenWeights.rewindingPoint(path: $0, isBackbone: pruned.beginsAnew)
      }
      ?? initialBackbone.map { .backbone(path: $0) }
    start = try resume.start(in: folder, given: given, on: communicator) {
      log.warning("\($0)")
    }
    if communicator.rank == 0, let path = given?.path, start.resumed != nil {
      log.info("\(path) is not read: the run has begun already")
    }
    try Self.check(start, configuration, data, communicator, log)
    let environments = try Environment.gather(communicator, threads: threads)
    let (backbone, objective) = configuration.makeNetwork()
    let memory = try MemoryEstimate(
      configuration, data: data, backbone: backbone, heads: objective.heads, ranks: communicator.worldSize,
      threads: threads)
    shortage = try communicator.memoryShortage(for: memory.bytes, environments)
    // Even a plan has to have the weights.
    if let shortage,
      try communicator.memoryShortage(for: memory.weightBytes, environments)?.isCertain == true
    {
      throw AgreedFailure(onEveryRank: shortage, hostName: communicator.hostName)
    }
    let model = Model(
      backbone: backbone, objective: objective, seed: configuration.seed, draw: pruned.redraw ?? 0)
    trainer = Trainer(
      configuration, model: model, pool: pool, reducer: communicator,
      gradients: configuration.makeGradientReducer(for: model, on: communicator))
    let initialWeights: Session.InitialWeights?
    (state, initialWeights) = try Self.restore(trainer, from: start, configuration, data, communicator)
    model.mask = try pruned.mask(of: model, from: start, on: communicator)
    probe = try Self.makeProbe(configuration, data, trainer.model.backbone, from: start, log, communicator)
    plan = try TrainingPlan(
      configuration, data: data, model: trainer.model, ranks: communicator.worldSize, threads: pool.threads,
      firstStep: state.step)
    session = Session(
      environments, fromStep: state.step, lastStep: plan.lastStep, dataSource: configuration.data.source,
      dataDigest: data.digest, initialWeights: initialWeights,
      initialDraw: start.resumed == nil ? pruned.redraw : nil,
      mask: model.mask.map { DurableFiles.digest($0.encode()) },
      kernels: configuration.backbone.kernels.summary,
      shards: (configuration.batch.micro ?? configuration.batch.global) / configuration.batch.shard)
    if isRoot { tell(placement, environments) }
  }

  /// Whether data, ranks, processor and folder fit the configuration.
  private static func check(
    _ configuration: Configuration, _ data: DataParts, _ folder: RunFolder, _ communicator: Communicator
  ) throws {
    try communicator.agree {
      let conflict = configuration.conflict(
        imageCount: data.train.count, worldSize: communicator.worldSize)
      let labels = configuration.labelConflict(classCount: data.train.labelledClassCount)
      if let conflict = conflict ?? labels ?? configuration.processorConflict { throw conflict }
      if communicator.rank == 0 { try folder.check(configuration, data) }
    }
  }

  /// A checkpoint from elsewhere must be one that this run could have written.
  private static func check(
    _ start: RunStart, _ configuration: Configuration, _ data: DataParts, _ communicator: Communicator,
    _ log: Logger
  ) throws {
    guard let checkpoint = start.resumed else { return }
    let old = try checkpoint.configuration(imageSize: data.train.imageSize)
    try communicator.agree {
      try configuration.requireSameResult(
        as: old, in: checkpoint.path, digests: (data.digest, checkpoint.state.dataDigest))
      try checkpoint.state.requireSameData(as: data.digest, in: checkpoint.path)
      guard checkpoint.state.skipped.areIn(data) else {
        throw CheckpointError.damaged(
          path: "\(checkpoint.path)/\(TrainingState.fileName)",
          problem: "it names images that the data does not have")
      }
    }
    if old.data.source != configuration.data.source {
      log.info(
        "the data is at \(configuration.data.source) now, and was at \(old.data.source): it is the same")
    }
  }

  /// Gives network and optimizer the values that the run starts with; where weights come from elsewhere, also says
  /// which.
  private static func restore(
    _ trainer: Trainer, from start: RunStart, _ configuration: Configuration, _ data: DataParts,
    _ communicator: Communicator
  ) throws -> (state: TrainingState, initialWeights: Session.InitialWeights?) {
    var initialWeights: Session.InitialWeights?
    var state = TrainingState(
      step: 0, epoch: 0, imagesSeen: 0, seed: configuration.seed, configuration: configuration.decisiveYAML)
    switch start {
    case .fresh: break
    case .weights(let weights):
      let step: Int
      (initialWeights, step) = try weights.load(into: trainer.model, configuration, on: communicator)
      state.begin(after: step, imageCount: data.train.count, globalBatchSize: configuration.batch.global)
    case .resumed(let checkpoint):
      let weights = try checkpoint.tensors(in: Checkpoint.modelFile)
      let velocities = try checkpoint.tensors(in: Checkpoint.optimizerFile)
      try communicator.agree {
        try trainer.model.tensors.load(weights)
        try trainer.model.load(velocities, into: trainer.optimizer)
      }
      try trainer.model.restoreRemembered(
        from: checkpoint, imageCount: data.train.count, on: communicator)
      state = checkpoint.state
    }
    state.dataDigest = data.digest
    state.normalization = Colours(data.train.normalization)
    return (state, initialWeights)
  }

  /// The probe as it was where the run goes on, or a new one; nil where nothing could teach or test it.
  private static func makeProbe(
    _ configuration: Configuration, _ data: DataParts, _ backbone: any Backbone, from start: RunStart,
    _ log: Logger,
    _ communicator: Communicator
  ) throws -> OnlineProbe? {
    guard configuration.evaluate.probe, data.train.isLabelled, data.classificationGap == nil else {
      return nil
    }
    let probe = OnlineProbe(classCount: data.classNames.count, dimension: backbone.blueprint.featureCount)
    guard let checkpoint = start.resumed else { return probe }
    guard let file = try checkpoint.tensorsIfPresent(in: OnlineProbe.fileName), probe.load(file) else {
      if communicator.rank == 0 {
        log.info("\(checkpoint.path) holds no probe of this network and data: it starts to learn now")
      }
      return probe
    }
    return probe
  }

  /// Logs what a person should know before it begins.
  private func tell(_ placement: Placement, _ environments: [Environment]) {
    for note in data.notes { log.info("\(note)") }
    for finding in Finding.beforeARun(environments) { log.warning("\(finding.problem): \(finding.advice)") }
    for warning in data.warnings + placement.warnings { log.warning("\(warning)") }
    for warning in [configuration.kernelWarning(), plan.scheduleWarning] {
      if let warning { log.warning("\(warning)") }
    }
  }

  /// What a plan for other machines than these should say; nil: there is memory enough.
  public var memoryWarning: String? { shortage?.description }

  /// Warns where memory may be too little.
  ///
  /// - Throws: The same `AgreedFailure` on every rank where it is certain to be.
  func requireMemory() throws {
    guard let shortage else { return }
    if shortage.isCertain { throw AgreedFailure(onEveryRank: shortage, hostName: communicator.hostName) }
    if isRoot { log.warning("\(shortage)") }
  }
}
