/// Images and the seconds they took.
struct Throughput {
  private var images = 0
  private var seconds = 0.0

  mutating func add(images: Int, seconds: Double) {
    self.images += images
    self.seconds += seconds
  }

  /// nil before the first step.
  var imagesPerSecond: Double? { seconds > 0 ? Double(images) / seconds : nil }
}
