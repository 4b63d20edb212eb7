import Datasets
import Evaluation
import Progress

extension FeatureExtractor {
  /// Features of the training and the test images, with progress and time left on `display`.
  func features(
    of train: any ImageDataset, and test: any ImageDataset, showing display: ProgressDisplay
  ) throws -> (train: ExtractedFeatures, test: ExtractedFeatures) {
    try display.following("features of \(train.count + test.count) images") { report in
      try features(of: train, and: test) { report($0) }
    }
  }
}
