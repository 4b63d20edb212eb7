import Datasets
import Evaluation
import Metrics

extension FeatureExtractor {
  /// Features of the training and the test images, with progress and time left on `display`.
  func features(
    of train: any ImageDataset, and test: any ImageDataset, showing display: ProgressDisplay
  ) throws -> (train: ExtractedFeatures, test: ExtractedFeatures) {
    let begin = ContinuousClock.now
    defer { display.finish() }
    return try features(of: train, and: test) { share in
      let left = (ContinuousClock.now - begin) / .seconds(1) * (1 - share) / share
      let count = train.count + test.count
      display.update(
        ProgressState(share: share, secondsLeft: left, details: ["features of \(count) images"]))
      display.line(
        "features of \(Int(100 * share)) % of \(count) images, \(ProgressLine.duration(left)) left")
    }
  }
}
