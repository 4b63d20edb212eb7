import Collectives

/// How a run ends with a step that came to a value that is not finite: with the images that it was made from.
struct NonFiniteEnd {
  let prepared: RunPreparation
  /// nil but on rank 0.
  let records: RunRecords?

  /// Records the step. Every rank calls it.
  ///
  /// - Parameters:
  ///   - layer: As in `NonFiniteStep`.
  ///   - shards: Of this rank's shards those in which the value appeared.
  ///   - images: The data set's index of each of this rank's images, shard after shard.
  ///   - isRepeated: Whether it appeared once more when ranks repeated each other's parts.
  /// - Returns: What the run ends with, the same on every rank but for the newest checkpoint, which rank 0 knows.
  /// - Throws: `CollectiveError`; `FolderLost` on rank 0.
  func failure(
    step: Int, layer: String, shards: [Int] = [], images: [Int], isRepeated: Bool = false,
    lastCheckpoint: String?
  ) throws -> TrainingFailure {
    let (communicator, size) = (prepared.communicator, prepared.configuration.batch.shard)
    var found = try communicator.gather(
      shards.flatMap { images[$0 * size..<min(($0 + 1) * size, images.count)] })
    if found.isEmpty { found = try communicator.gather(images) }
    let end = NonFiniteStep(
      step: step, layer: layer, batch: prepared.configuration.batch.global,
      images: found.map { .init(index: $0, name: prepared.data.train.imageName(at: $0)) })
    let isRecorded = try communicator.broadcast(value: try records?.record(end) ?? false)
    return .nonFinite(
      end, isRepeated: isRepeated,
      record: isRecorded
        ? .init(
          folder: prepared.folder, canBeReplayed: lastCheckpoint != nil || prepared.session.beginsAsConfigured
        )
        : nil,
      lastCheckpoint: lastCheckpoint)
  }
}
