import Foundations

/// What was compared after a step: a line of `audits.jsonl`.
package struct AuditRecord: StepRecord, Equatable {
  /// Steps taken, with the one that was audited.
  package let step: Int
  /// SHA-256 of the network's file as a checkpoint after it has it: equal for every run of this configuration.
  package let network: String
  /// How many ranks took the step.
  package let ranks: Int
  /// How long ranks repeated each other's parts.
  package let seconds: Double
  /// What was found wrong, where the run was to go on all the same; nil: nothing.
  package let problem: String?

  package init(step: Int, network: String, ranks: Int, seconds: Double, problem: String?) {
    self.step = step
    self.network = network
    self.ranks = ranks
    self.seconds = seconds
    self.problem = problem
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    step = try record.decodeCount(forKey: .step)
    network = try record.decode(String.self, forKey: .network)
    ranks = try record.decodeCount(forKey: .ranks)
    seconds = try record.decode(Double.self, forKey: .seconds)
    problem = try record.decodeIfPresent(String.self, forKey: .problem)
  }

  package static func held(by entry: LogEntry) -> AuditRecord? {
    if case .audit(let record) = entry { record } else { nil }
  }
}
