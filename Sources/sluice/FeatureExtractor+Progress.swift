import Datasets
import Evaluation
import Progress

extension FeatureExtractor {
  /// Features of labelled images and of those to classify by them, with progress and time left on `display`.
  func features(
    of parts: ClassifiableParts, showing display: ProgressDisplay
  ) throws -> (neighbors: ExtractedFeatures, test: ExtractedFeatures) {
    try display.following("features of \(parts.neighbors.count + parts.test.count) images") { report in
      try features(of: parts) { report($0) }
    }
  }
}
