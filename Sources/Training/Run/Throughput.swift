/// Images, the seconds they took, and the part of these in which the step waited for them to be made.
struct Throughput {
  private var images = 0
  private(set) var seconds = 0.0
  private var waited = 0.0

  mutating func add(images: Int, seconds: Double, waited: Double) {
    self.images += images
    self.seconds += seconds
    self.waited += waited
  }

  /// nil before the first step.
  var imagesPerSecond: Double? { seconds > 0 ? Double(images) / seconds : nil }
  /// Of the time, in [0, 1]; nil before the first step.
  var waitedShare: Double? { seconds > 0 ? waited / seconds : nil }
}
