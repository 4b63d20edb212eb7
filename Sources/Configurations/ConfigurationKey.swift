import Foundations
import Layers
import Networks
import Objectives

/// One key of a configuration: where its value lives and what it may be.
struct ConfigurationKey: Sendable {
  /// With its section, for example `optimizer.momentum`.
  private(set) var name: String
  /// Completes the sentence "it must be …".
  let expected: String
  /// Whether a run may be resumed with another value: it decides nothing about the result.
  let mayChange: Bool
  /// Whether any text is a value, so that `--set` need not quote it.
  let isText: Bool
  /// Puts the value in its place; false: it is not one that this key takes.
  private(set) var store: @Sendable (ConfigurationValue, inout ConfigurationFile) -> Bool
  /// The value as YAML.
  let print: @Sendable (ConfigurationFile) -> String
  /// The value in a sentence.
  let show: @Sendable (ConfigurationFile) -> String
  /// Puts the default value back.
  let reset: @Sendable (inout ConfigurationFile) -> Void
  /// What the value comes to, where it does not say so itself: a comment in a printed configuration.
  let note: @Sendable (ConfigurationFile) -> String?

  /// Whether the key says anything here; those of objectives, families of networks and budgets that are not
  /// chosen do not.
  private(set) var isInForce: @Sendable (ConfigurationFile) -> Bool

  /// A key whose value means itself.
  init<Value: Sendable>(
    _ name: String, _ path: WritableKeyPath<Configuration, Value> & Sendable, _ form: ValueForm<Value>,
    mayChange: Bool = false, note: @escaping @Sendable (Configuration) -> String? = { _ in nil }
  ) {
    // The compiler takes no appended path for Sendable.
    self.init(
      name, form, mayChange: mayChange, get: { $0.values[keyPath: path] },
      set: { $0.values[keyPath: path] = $1 }, note: { note($0.values) })
  }

  /// A key whose value other files or the data may decide.
  init<Value: Sendable>(
    _ name: String, open path: WritableKeyPath<ConfigurationFile, Value> & Sendable, _ form: ValueForm<Value>,
    note: @escaping @Sendable (ConfigurationFile) -> String? = { _ in nil }
  ) {
    self.init(
      name, form, mayChange: false, get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 }, note: note)
  }

  private init<Value: Sendable>(
    _ name: String, _ form: ValueForm<Value>, mayChange: Bool,
    get: @escaping @Sendable (ConfigurationFile) -> Value,
    set: @escaping @Sendable (inout ConfigurationFile, Value) -> Void,
    note: @escaping @Sendable (ConfigurationFile) -> String?
  ) {
    let setting = Setting(name, form, get: get, set: set)
    self.name = name
    expected = setting.expected
    self.mayChange = mayChange
    self.note = note
    isText = setting.isText
    store = setting.store
    reset = { setting.copy(ConfigurationFile(dataSource: ""), &$0) }
    print = setting.print
    show = setting.show
    isInForce = { _ in true }
  }

  /// A key of an objective's own.
  init<Settings: ObjectiveSettings>(_ setting: Setting<Settings>, of kind: Settings.Type) {
    name = "objective.\(kind.name).\(setting.name)"
    expected = setting.expected
    mayChange = false
    note = { _ in nil }
    isText = setting.isText
    store = { setting.store($0, &$1.values.objective[kind]) }
    reset = { setting.copy(ObjectiveSelection()[kind], &$0.values.objective[kind]) }
    print = { setting.print($0.values.objective[kind]) }
    show = { setting.show($0.values.objective[kind]) }
    isInForce = { $0.values.objective.name == ObjectiveKind(of: kind) }
  }

  /// The same key, where it says something of one family of networks alone.
  private func only(of family: NetworkFamily) -> ConfigurationKey {
    only { $0.values.network.family == family }
  }

  /// The same key, where it says something of some configurations alone.
  private func only(_ isInForce: @escaping @Sendable (ConfigurationFile) -> Bool) -> ConfigurationKey {
    var key = self
    key.isInForce = isInForce
    return key
  }

  /// The part of the name before the last dot; empty for a key outside sections.
  var section: Substring { Self.section(of: name) }

  static func section(of name: String) -> Substring { name.lastIndex(of: ".").map { name[..<$0] } ?? "" }

  /// The key that is called so, or was called so once.
  static func named(_ name: String) -> ConfigurationKey? {
    all.first { $0.name == name } ?? former.first { $0.name == name }
  }

  /// With those around others: `objective` and `objective.simclr`.
  static let sections = Set(
    all.flatMap { key in
      key.name.indices.filter { key.name[$0] == "." }.map { String(key.name[..<$0]) }
    })

  /// Every key, in the order in which a configuration is printed.
  static let all = untilObjective + ofObjectives + fromOptimizer

  /// Every key, those last that a person who got a name wrong is least likely to mean.
  static let byLikelihood = untilObjective + fromOptimizer + ofObjectives

  private static let untilObjective: [ConfigurationKey] = [
    .init("data.source", \.data.source, .text("a data set, for example cifar10:DIR or shapes")),
    .init("data.classes", open: \.classes, .classes),
    .init("data.on_error", \.data.onError, .choice, mayChange: true),
    .init("data.shuffle_window", \.data.shuffleWindow, .optional(.wholeNumber(1...), or: "auto")),
    .init(
      "data.loader_threads", \.data.loaderThreads, .optional(.wholeNumber(1...1024), or: "auto"),
      mayChange: true),
    .init("batch.global", \.batch.global, .wholeNumber(2...)),
    .init("batch.shard", \.batch.shard, .wholeNumber(1...65536)),
    .init("batch.micro", \.batch.micro, .optional(.wholeNumber(1...), or: "none")),
    .init("epochs", \.epochs, .wholeNumber(1...)),
    .init("max_steps", \.maxSteps, .optional(.wholeNumber(0...), or: "none"), mayChange: true),
    .init("log_every", \.logEvery, .wholeNumber(1...), mayChange: true),
    .init("seed", \.seed, .seed),
    .init("threads", \.threads, .optional(.wholeNumber(1...1024), or: "auto"), mayChange: true),
    .init("network.family", \.network.family, .choice),
    .init("network.depth", \.network.depth, .oneOf(NetworkFamily.allDepths)),
    .init("network.width", \.network.width, .wholeNumber(4...1024)),
    .init(
      "network.stem", open: \.stem, .choice(or: "auto"),
      note: { $0.stem == nil ? "cifar for inputs below 96 pixels, else imagenet" : nil }
    ).only(of: .resnet),
    .init("network.stem_padding", \.network.stemPadding, .oneOf([1, 2])).only(of: .resnet),
    .init("network.zero_init_residual", \.network.zeroInitResidual, .flag).only(of: .resnet),
    .init(
      "network.input_size", open: \.inputSize,
      .optional(.wholeNumber(NetworkSettings.inputSizes), or: "auto"),
      note: { $0.inputSize == nil ? "the size of the data's images" : nil }),
    .init(
      "network.inner_channels", \.network.innerChannels,
      .optional(
        .list(
          "a list of whole numbers from 1 to 8192, as 'sluice export --compact' prints it",
          of: .wholeNumber(1...8192)),
        or: "auto")),
    .init("gates.enabled", \.gates.enabled, .flag),
    .init("gates.target", \.gates.target, .gateTarget),
    .init("gates.latency_table", open: \.latencyTable, .latencyTable).only { $0.budgetsTime },
    .init("gates.lambda", \.gates.lambda, .number(.atLeast(0))),
    .init("gates.gamma", \.gates.gamma, .number(.atLeast(0))),
    .init(
      "gates.alpha", \.gates.alpha, .optional(.number(.atLeast(0)), or: "auto"),
      note: { $0.gates.alpha == nil ? "\($0.annealingRate)" : nil }),
    .init("gates.bound_target", \.gates.boundTarget, .choice),
    .init("gates.temperature", \.gates.rule.temperature, .number(.above(0))),
    .init("gates.group", \.gates.rule.group, .oneOf(GateRule.groups)),
    .init("objective.name", \.objective.name, .choice),
  ]

  /// What each objective declares of its own.
  private static let ofObjectives = ObjectiveKind.table.flatMap { keys(of: $0) }

  private static func keys<Settings: ObjectiveSettings>(of settings: Settings) -> [ConfigurationKey] {
    Settings.keys.map { ConfigurationKey($0, of: Settings.self) }
  }

  private static let fromOptimizer: [ConfigurationKey] = [
    .init("optimizer.name", \.optimizer.name, .choice),
    .init("optimizer.learning_rate", \.optimizer.learningRate, .number(.above(0))),
    .init(
      "optimizer.learning_rate_scaling", \.optimizer.learningRateScaling, .choice,
      note: { $0.optimizer.learningRateScaling == .none ? nil : "peak \($0.peakLearningRate)" }),
    .init("optimizer.momentum", \.optimizer.momentum, .number(.within(0, 1))),
    .init("optimizer.weight_decay", \.optimizer.weightDecay, .number(.atLeast(0))),
    .init("optimizer.trust_coefficient", \.optimizer.trustCoefficient, .number(.above(0))),
    .init("optimizer.clip", \.optimizer.clip, .flag),
    .init("optimizer.exclude_bias_and_norm", \.optimizer.excludeBiasAndNorm, .flag),
    .init("gradients.precision", \.gradients.precision, .choice),
    .init("schedule.unit", \.schedule.unit, .choice),
    .init("schedule.warmup_epochs", \.schedule.warmupEpochs, .wholeNumber(0...)),
    .init("schedule.warmup_start", \.schedule.warmupStart, .number(.atLeast(0))),
    .init("schedule.final_learning_rate", \.schedule.finalLearningRate, .number(.atLeast(0))),
    .init(
      "augmentation.crop_scale", \.augmentation.cropScaleEnds,
      .pair(
        "[smallest, largest] with 0 < smallest ≤ largest ≤ 1", of: .number(.aboveUpTo(0, 1)),
        isAllowed: { $0 <= $1 })),
    .init("augmentation.interpolation", \.augmentation.interpolation, .choice),
    .init("augmentation.brightness", \.augmentation.brightness, .number(.atLeast(0))),
    .init("augmentation.contrast", \.augmentation.contrast, .number(.atLeast(0))),
    .init("augmentation.saturation", \.augmentation.saturation, .number(.atLeast(0))),
    .init("augmentation.hue", \.augmentation.hue, .number(.within(0, 0.5))),
    .init("augmentation.jitter_probability", \.augmentation.jitterProbability, .number(.within(0, 1))),
    .init("augmentation.grayscale_probability", \.augmentation.grayscaleProbability, .number(.within(0, 1))),
    .init("augmentation.blur_probability", \.augmentation.blurProbability, .number(.within(0, 1))),
    .init("augmentation.solarize_probability", \.augmentation.solarizeProbability, .number(.within(0, 1))),
    .init("augmentation.flip_probability", \.augmentation.flipProbability, .number(.within(0, 1))),
    .init("checkpoint.every", \.checkpoint.every, .wholeNumber(0...), mayChange: true),
    .init("checkpoint.keep", \.checkpoint.keep, .wholeNumber(1...), mayChange: true),
    .init(
      "audit.every", \.audit.every, .optional(.wholeNumber(0...), or: "auto"), mayChange: true,
      note: { $0.audit.every == nil ? "\($0.auditInterval)" : nil }),
    .init("audit.on_mismatch", \.audit.onMismatch, .choice, mayChange: true),
    .init("evaluate.every", \.evaluate.every, .wholeNumber(0...), mayChange: true),
    .init("evaluate.probe", \.evaluate.probe, .flag, mayChange: true),
    .init("precision", \.precision, .choice),
    .init("kernels", open: \.kernels, .kernels),
    .init("memory.recompute", \.memory.recompute, .flag, mayChange: true),
    .init("pruning.criterion", \.pruning.criterion, .choice, mayChange: true),
    .init("pruning.rounds", \.pruning.rounds, .wholeNumber(0...100), mayChange: true),
    .init("pruning.one_shot", \.pruning.oneShot, .flag, mayChange: true),
    .init("pruning.rewind", \.pruning.rewind, .rewinding, mayChange: true),
    .init("pruning.stem", \.pruning.stem, .flag, mayChange: true),
  ]

  /// Names that keys had before objectives had sections of their own: read in files, options and checkpoints, never
  /// printed.
  private static let former: [ConfigurationKey] = [
    .former("objective.temperature", now: ["objective.simclr.temperature"]),
    // One pair of widths for whichever objective was chosen; 'auto' was what is usual for it.
    .former(
      "objective.projector", now: ["objective.simsiam.projector", "objective.simclr.projector"],
      defaultWord: "auto"),
    .former("objective.predictor_hidden", now: ["objective.simsiam.predictor_hidden"]),
  ]

  private static func former(
    _ name: String, now names: [String], defaultWord: String? = nil
  ) -> ConfigurationKey {
    let keys = all.filter { names.contains($0.name) }
    var former = keys[0]
    former.name = name
    former.store = { value, configuration in
      if let defaultWord, value.plain == defaultWord {
        for key in keys { key.reset(&configuration) }
        return true
      }
      return keys.allSatisfy { $0.store(value, &configuration) }
    }
    return former
  }
}
