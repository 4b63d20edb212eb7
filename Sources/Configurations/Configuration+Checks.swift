import Foundations
import Layers

extension Configuration {
  /// Why this configuration does not fit a data set or a number of ranks; nil if it does.
  ///
  /// The global batch must be within the data set, and whole shards, equally many a rank (contract C1); the objective
  /// may ask for more.
  public func conflict(imageCount: Int, worldSize: Int) -> ConfigurationError? {
    let unit = batch.shard * worldSize
    if imageCount < 2 {
      let images = imageCount == 1 ? "1 image" : "no images"
      return .conflict("the data set has \(images), training needs at least 2")
    }
    if batch.global > imageCount {
      let largest = imageCount / unit * unit
      let advice =
        largest >= 2
        ? "the largest allowed with batch.shard \(batch.shard) on \(counted(worldSize, "rank")) is \(largest)"
        : "the largest allowed is \(imageCount / worldSize * worldSize), with a smaller batch.shard"
      return .conflict(
        imageCount < worldSize
          ? "the data set has \(imageCount) images, fewer than \(counted(worldSize, "rank")): start fewer ranks"
          : "batch.global is \(batch.global), the data set has \(imageCount) images: \(advice)")
    }
    guard batch.global % unit != 0 else {
      return microConflict(unit: unit, worldSize: worldSize)
        ?? objective.chosen.conflict(imageCount: imageCount).map { .conflict($0) }
    }
    let below = batch.global / unit * unit
    let batches = [below, below + unit].filter { $0 >= 2 && $0 <= imageCount }
    let shards = (1...batch.shard).filter { batch.global % ($0 * worldSize) == 0 }
    let advice = batches.map { "batch.global \($0)" } + shards.suffix(1).map { "batch.shard \($0)" }
    return .conflict(
      "batch.global \(batch.global) is not a whole number of shards of batch.shard \(batch.shard) "
        + "for each of \(counted(worldSize, "rank")): use \(advice.joined(separator: " or "))")
  }

  /// Why no run can have this configuration, whatever its data; nil: one can.
  var conflict: ConfigurationError? {
    network.conflict ?? groupConflict ?? latencyConflict ?? auditConflict
  }

  /// Why the network's channels cannot open in groups; nil: they can.
  public var groupConflict: ConfigurationError? {
    guard gates.enabled else { return nil }
    let sites = backbone.blueprint.gates
    func fits(_ group: Int) -> Bool { sites.allSatisfy { $0.channels.isMultiple(of: group) } }
    guard let gate = sites.first(where: { !$0.channels.isMultiple(of: gates.rule.group) }) else { return nil }
    let largest = GateRule.groups.last(where: fits) ?? 1
    return .conflict(
      "gates.group \(gates.rule.group) does not divide the \(gate.channels) channels of \(gate.name): "
        + "use gates.group \(largest)")
  }

  /// Steps from one audited step to the next; 0: there are none.
  ///
  /// An audit takes the time of a step: by default half a percent of the run's.
  public var auditInterval: Int { audit.every ?? (canBeAudited ? 200 : 0) }

  /// Whether a step, by its number, is audited.
  public func isAudited(step: Int) -> Bool { auditInterval > 0 && step % auditInterval == 0 }

  /// What an objective remembers lies on single ranks, and others could not repeat their parts.
  private var canBeAudited: Bool { objective.chosen.rememberedFloats(imageCount: 1) == 0 }

  /// Why steps cannot be audited as often as they should; nil: they can.
  var auditConflict: ConfigurationError? {
    guard auditInterval > 0, !canBeAudited else { return nil }
    return .conflict(
      "audit.every \(auditInterval) cannot be had with objective.name \(objective.name.rawValue), as each rank alone holds "
        + "a part of what the objective remembers: use audit.every 0")
  }

  /// Why the objective cannot learn from the labels that there are; nil if it can, or needs none.
  ///
  /// - Parameter classCount: Of the images that are trained on; nil: they have no labels.
  public func labelConflict(classCount: Int?) -> ConfigurationError? {
    guard objective.chosen.needsLabels else { return nil }
    let name = objective.name.rawValue
    guard let classCount else {
      return .conflict(
        "objective.name \(name) learns from labels, and the images to train on have none: name data that has them, or "
          + "another objective")
    }
    guard let told = objective.chosen.classCount, told < classCount else { return nil }
    return .conflict(
      "objective.\(name).classes is \(told), the data has \(counted(classCount, "class", plural: "classes")): "
        + "use objective.\(name).classes \(classCount) or auto")
  }

  /// The global batch must be whole micro-batches, and these whole shards, equally many a rank.
  private func microConflict(unit: Int, worldSize: Int) -> ConfigurationError? {
    guard let micro = batch.micro, batch.global % micro != 0 || micro % unit != 0 else { return nil }
    let shards = batch.global / unit
    let fitting = (1...shards).filter { shards % $0 == 0 }.map { $0 * unit }
    let advice = [fitting.last { $0 < micro }, fitting.first { $0 > micro }].compactMap(\.self)
    return .conflict(
      "batch.micro \(micro) does not divide batch.global \(batch.global) into whole shards of batch.shard "
        + "\(batch.shard) for each of \(counted(worldSize, "rank")): use "
        + advice.map { "batch.micro \($0)" }.joined(separator: " or "))
  }
}
