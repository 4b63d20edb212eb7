import Images
import Testing

@testable import Datasets

@Suite struct DataPartsTests {
  /// Images without labels.
  private struct Unlabelled: ImageDataset {
    let name = "unlabelled"
    let count = 5
    let classNames: [String] = []
    let imageSize = 32
    let normalization = Normalization.imageNet
    func label(at index: Int) -> Int? { nil }
    func storedImage(at index: Int) -> StoredImage { ShapesDataset(.train, count: 5).storedImage(at: index) }
  }

  private let labelled = ShapesDataset(.train, count: 7)
  private let test = ShapesDataset(.test, count: 3)

  @Test func neighboursAreLookedForInTheReferenceThenAmongTrainingImages() throws {
    let usual = try DataParts(train: labelled, test: test).classifiable()
    #expect(usual.neighborPart == .train && usual.neighbors.count == 7 && usual.test.count == 3)
    let apart = try DataParts(train: Unlabelled(), reference: labelled, test: test).classifiable()
    #expect(apart.neighborPart == .reference && apart.neighbors.count == 7)
  }

  @Test func whatIsMissingIsSaid() {
    func gap(_ parts: DataParts) -> String? { parts.classificationGap?.words }
    #expect(gap(DataParts(train: labelled, test: test)) == nil)
    #expect(gap(DataParts(train: labelled, test: nil)) == "no test images")
    #expect(gap(DataParts(train: labelled, test: Unlabelled())) == "no labels for its test images")
    #expect(
      gap(DataParts(train: Unlabelled(), test: test)) == "no labelled images to compare test images with")
    let error = #expect(throws: DatasetError.self) {
      try DataParts(train: Unlabelled(), test: test).classifiable(source: "made:up")
    }
    #expect(
      error?.description == "data source 'made:up' has no labelled images to compare test images with")
  }

  @Test func classesAreThoseOfALabelledPart() {
    let parts = DataParts(train: Unlabelled(), reference: labelled, test: test)
    #expect(parts.classNames == labelled.classNames && parts.imageCount == 15)
    #expect(parts.datasets.all.map(\.part) == [.train, .reference, .test])
    #expect(DataParts(train: Unlabelled(), test: nil).classNames == [])
  }

  /// An evaluation reads images without labels as it reads others.
  @Test func unlabelledImagesAreReadWithoutLabels() throws {
    let piece = try EvaluationBatches(Unlabelled(), pieceSize: 4).piece(1)
    #expect(piece.labels == nil && piece.images.rows == 1)
    #expect(try EvaluationBatches(labelled, pieceSize: 4).piece(1).labels == [4, 5, 6])
  }
}
