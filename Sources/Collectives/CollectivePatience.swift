/// How long a rank has been at one place, as looks at it from time to time tell.
///
/// Time between two looks counts for one look's share at most: where the whole machine or job was suspended, nobody was
/// late.
struct CollectivePatience {
  /// Between two looks.
  let pace: Duration
  private(set) var place: CollectivePlace?
  private(set) var duration = Duration.zero

  init(pace: Duration) { self.pace = pace }

  /// - Parameter elapsed: Since the last look.
  mutating func look(at place: CollectivePlace, after elapsed: Duration) {
    duration = place == self.place ? duration + min(elapsed, pace * 2) : .zero
    self.place = place
  }

  /// Whether the rank has waited in one collective for as long as `limit`.
  func isOver(_ limit: Duration) -> Bool { place?.isWaiting == true && duration >= limit }

  var seconds: Double { duration / .seconds(1) }
}
