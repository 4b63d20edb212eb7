/// What cannot be written at present, so that each kind of fault is told once, and its end too.
struct FaultLog {
  enum Subject { case logs, evaluation, checkpoints, latest, removal }

  private var told: [Subject: Set<String>] = [:]

  /// Notes a fault; whether it is the first of its kind since the subject last worked.
  mutating func failed(_ subject: Subject, reason: String) -> Bool {
    told[subject, default: []].insert(reason).inserted
  }

  /// Notes that it worked; whether it had failed before.
  mutating func worked(_ subject: Subject) -> Bool { told.removeValue(forKey: subject) != nil }
}
