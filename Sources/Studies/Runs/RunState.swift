/// Where a run stands.
public enum RunState: String, CaseIterable, Sendable {
  /// A job holds its folder and gives signs of life: it trains, evaluates, or is about to.
  case training
  /// The checkpoint after its last step is there.
  case finished
  /// Nobody works on it: it ended as asked, or with an error; the same command goes on with it.
  case stopped
  /// The job that worked on it is gone without having given it back: it was killed, or its machine failed.
  case orphaned
}
