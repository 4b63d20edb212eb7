/// Images, the seconds they took, and the parts of these in which the step waited.
struct Throughput {
  private var images = 0
  private(set) var seconds = 0.0
  private var dataWait = 0.0
  private var gradientWait = 0.0

  /// - Parameters:
  ///   - dataWait: Seconds in which the step waited for images to be made.
  ///   - gradientWait: Seconds in which this rank waited for sums of gradients after backward.
  mutating func add(images: Int, seconds: Double, dataWait: Double, gradientWait: Double) {
    self.images += images
    self.seconds += seconds
    self.dataWait += dataWait
    self.gradientWait += gradientWait
  }

  /// nil before the first step.
  var imagesPerSecond: Double? { seconds > 0 ? Double(images) / seconds : nil }
  /// Of the time, in [0, 1]; nil before the first step.
  var dataWaitShare: Double? { seconds > 0 ? dataWait / seconds : nil }
  /// Of the time, in [0, 1]; nil before the first step.
  var gradientWaitShare: Double? { seconds > 0 ? gradientWait / seconds : nil }
}
