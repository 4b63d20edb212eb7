/// One moment of something that takes long.
public struct ProgressState: Equatable, Sendable {
  /// What is done, in [0, 1].
  public var share: Double
  /// nil: not known yet.
  public var secondsLeft: Double?
  /// What else there is to say, most important first: as much of it is shown as there is room for.
  public var details: [String]

  public init(share: Double, secondsLeft: Double?, details: [String]) {
    self.share = share
    self.secondsLeft = secondsLeft
    self.details = details
  }
}
