/// What TensorBoard calls a number: the part before the first `/` is the group in which it shows it.
enum EventTag {
  /// Group and name of each number of a line of metrics, by its key.
  static let tags = [
    "loss": "loss/total", "objective": "loss/objective", "budget": "loss/budget", "bound": "loss/bound",
    "macs_share": "gates/macs_share", "latency_ms": "gates/latency_ms", "density": "gates/density",
    "embedding_std": "embedding/std", "effective_rank": "embedding/effective_rank",
    "learning_rate": "training/learning_rate", "epoch": "training/epoch",
    "images_skipped": "training/images_skipped",
    "images_per_s": "speed/images_per_s", "data_wait_share": "speed/data_wait_share",
    "communication_share": "speed/communication_share", "seconds": "speed/seconds",
  ]

  /// - Parameter name: See `LogEntry.numbers`.
  /// - Returns: nil for what an event says otherwise: step and time.
  static func tag(of name: String) -> String? {
    if ["evaluation/", "probe/", "classifier/"].contains(where: name.hasPrefix) { return name }
    let key = name.prefix { $0 != "/" }
    return tags[String(key)].map { $0 + name.dropFirst(key.count) }
  }
}
