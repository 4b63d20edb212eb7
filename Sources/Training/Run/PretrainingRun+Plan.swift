extension PretrainingRun {
  /// What will be done, a line each.
  func plan(imageSize: Int) -> [String] {
    let ranks = communicator.worldSize
    let parameters = model.store.parameters.reduce(0) { $0 + $1.count }
    let batch = configuration.batch
    return [
      "\(data.train.name): \(data.train.count) images, \(data.test.name): \(data.test.count) images",
      "ResNet-18 of width \(configuration.network.width) at \(imageSize)×\(imageSize), "
        + "\(configuration.objective.name.rawValue): \(parameters) parameters, \(step.macs.dense) MACs dense, "
        + (configuration.budget.map { "target \($0.target) of them" } ?? "no gates"),
      "\(ranks) rank\(ranks == 1 ? "" : "s") × \(pool.threads) thread\(pool.threads == 1 ? "" : "s"): global batch "
        + "\(batch.global), \(batch.global / ranks) a rank in shards of \(batch.shard), "
        + "\(stepsPerEpoch) steps an epoch, \(totalSteps) steps in all",
    ]
  }
}
