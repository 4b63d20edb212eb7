import Datasets
import Foundation
import Testing

@testable import Training

@Suite struct SkippedImagesTests {
  private func images(_ indices: Int...) -> [SkippedImage] {
    indices.map { SkippedImage(index: $0, reason: "torn") }
  }

  @Test func eachIsNewOnce() {
    var skipped = SkippedImages()
    #expect(skipped.insert(images(7, 3, 7), of: .train).map(\.index) == [3, 7])
    #expect(skipped.insert(images(7, 1), of: .train).map(\.index) == [1])
    #expect(skipped.insert(images(7), of: .test).map(\.index) == [7], "parts are counted apart")
    #expect(skipped[.train] == [1, 3, 7] && skipped[.test] == [7] && skipped.count == 4)
    #expect(skipped.insert(images(2), of: .reference).count == 1 && skipped[.reference] == [2])
    let data = DataParts(
      train: ShapesDataset(.train, count: 9), reference: ShapesDataset(.train, count: 9),
      test: ShapesDataset(.test, count: 9))
    #expect(skipped.names(in: data, atMost: 2) == ["shapes train, image 1", "shapes train, image 3"])
    #expect(skipped.names(in: data, atMost: 9).last == "shapes test, image 7")
  }

  /// A run that goes on counts none twice; one without such images writes what it always wrote.
  @Test func theyComeBackFromTheStateOfACheckpoint() throws {
    var state = TrainingState(step: 1, epoch: 0, imagesSeen: 2, seed: 0, configuration: "")
    let text = String(decoding: state.encode(), as: UTF8.self)
    #expect(!text.contains("skipped"))
    #expect(try TrainingState(state.encode(), path: "state.json").skipped == SkippedImages())
    _ = state.skipped.insert(images(4), of: .train)
    #expect(try TrainingState(state.encode(), path: "state.json") == state)
    #expect(state.encode() != Data(text.utf8))
    #expect(!String(decoding: state.encode(), as: UTF8.self).contains("reference"))
    _ = state.skipped.insert(images(5), of: .reference)
    #expect(try TrainingState(state.encode(), path: "state.json") == state)
  }

  /// The words of files that were written before there were other parts.
  @Test func theStateNamesPartsAsItAlwaysDid() throws {
    let old = Data(
      #"{"format":1,"step":1,"epoch":0,"images_seen":2,"seed":0,"configuration":"","skipped_images":{"test":[2],"train":[4,5]}}"#
        .utf8)
    let skipped = try TrainingState(old, path: "state.json").skipped
    #expect(skipped[.train] == [4, 5] && skipped[.test] == [2] && skipped[.reference] == [])
  }

  @Test func badDataSaysWhatToDo() {
    func error(_ canSkip: Bool, _ checkpoint: String?) -> String {
      "\(TrainingFailure.badData(during: "step 3", problem: "a.png cannot be used: it is empty", source: "folder:d", canSkip: canSkip, lastCheckpoint: checkpoint))"
    }
    #expect(
      error(true, "run/step-2")
        == "step 3: a.png cannot be used: it is empty; the last checkpoint is run/step-2; "
        + "'sluice data verify folder:d' finds every such image, data.on_error=skip continues without them")
    #expect(
      error(false, nil)
        == "step 3: a.png cannot be used: it is empty; no checkpoint has been written yet; "
        + "'sluice data verify folder:d' finds every such image")
  }
}
