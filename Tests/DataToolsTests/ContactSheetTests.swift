import Datasets
import Images
import Tensors
import Testing

@testable import DataTools

@Suite struct ContactSheetTests {
  private func augmentation(_ size: Int) -> AugmentationConfiguration {
    var augmentation = AugmentationConfiguration()
    augmentation.size = size
    return augmentation
  }

  private func sheet(
    of dataset: some ImageDataset = DrawnImages(name: "train"), size: Int = 16, seed: UInt64 = 0,
    threads: Int = 1
  ) throws -> RGBImage {
    try ContactSheet(
      of: dataset, augmentation: augmentation(size), seed: seed, pool: WorkerPool(threads: threads)
    ).image
  }

  private func tile(_ sheet: RGBImage, column: Int, row: Int, side: Int) -> RGBImage {
    // Of a pair the second view lies 2 pixels from the first, everything else 8 apart.
    let left = 8 + column * (side + 8) - column / 2 * 6
    let top = 8 + row * (side + 8)
    return sheet.resizedCrop(
      CropBox(top: top, left: left, height: side, width: side), width: side, height: side,
      interpolation: .bilinear)
  }

  @Test func viewsAreThoseOfTraining() throws {
    let dataset = DrawnImages(name: "train")
    let sheet = try sheet(of: dataset, seed: 5)
    #expect(sheet.width == 9 * 16 + 6 * 8 + 4 * 2 && sheet.height == 8 * 16 + 9 * 8)
    for row in 0..<8 {
      let index = row * 12 / 8
      let image = try dataset.image(at: index)
      #expect(
        tile(sheet, column: 0, row: row, side: 16) == image.evaluationCrop(shorterSide: 18, side: 16),
        "row \(row)")
      for number in 0..<8 {
        let parameters = AugmentationParameters(
          drawnFor: augmentation(16), width: image.width, height: image.height,
          draws: RandomDraws(
            seed: 5, purpose: .augmentation, index: index, epoch: number / 2, view: number % 2))
        let view = parameters.apply(to: image, size: 16, interpolation: .bicubic)
        #expect(tile(sheet, column: 1 + number, row: row, side: 16) == view, "row \(row), view \(number)")
      }
    }
  }

  @Test func seedDecidesAndThreadsDoNot() throws {
    #expect(try sheet(threads: 3) == sheet())
    #expect(try sheet(seed: 1) != sheet())
  }

  @Test func largeViewsAreMadeSmaller() throws {
    let sheet = try sheet(size: 160)
    #expect(sheet.width == 9 * 128 + 6 * 8 + 4 * 2 && sheet.height == 8 * 128 + 9 * 8)
  }

  @Test func fewImagesHaveFewRowsAndBadOnesAStandIn() throws {
    let three = try sheet(of: DrawnImages(name: "train", count: 3, damaged: [1]))
    #expect(three.height == 3 * 16 + 4 * 8)
    #expect(
      tile(three, column: 0, row: 1, side: 16)
        == (try DrawnImages(name: "train", count: 3).image(at: 2)).evaluationCrop(shorterSide: 18, side: 16)
    )
  }
}
