import Images
import Testing

@testable import Datasets

@Suite struct SubsetDatasetTests {
  /// Shapes that are read in blocks.
  private struct Blocked: ImageDataset {
    let shapes = ShapesDataset(.train, count: 30)
    let blocks: ImageBlocks? = ImageBlocks(counts: [10, 5, 15], bytes: [100, 50, 150])
    var name: String { "blocked" }
    var count: Int { shapes.count }
    var classNames: [String] { shapes.classNames }
    var imageSize: Int { shapes.imageSize }
    var normalization: Normalization { shapes.normalization }
    func label(at index: Int) -> Int? { shapes.label(at: index) }
    func storedImage(at index: Int) -> StoredImage { shapes.storedImage(at: index) }
  }

  @Test func imagesKeepTheirOrderLabelsAndNames() throws {
    let whole = ShapesDataset(.train, count: 30)
    let subset = SubsetDataset(whole, indices: [3, 14, 25])
    #expect(subset.count == 3 && subset.blocks == nil)
    for (number, index) in [3, 14, 25].enumerated() {
      #expect(subset.label(at: number) == whole.label(at: index))
      #expect(subset.imageName(at: number) == whole.imageName(at: index))
      #expect(try subset.image(at: number).pixels == whole.image(at: index).pixels)
    }
  }

  /// Blocks without images are never read.
  @Test func blocksAreThoseOfTheWholeThatHoldImages() {
    let subset = SubsetDataset(Blocked(), indices: [0, 9, 15, 16, 29])
    #expect(subset.blocks == ImageBlocks(counts: [2, 3], bytes: [100, 150]))
  }
}
