import Foundation
import Testing

@testable import Training

@Suite struct PresetTests {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("configs")

  static let names = [
    "cifar10-simsiam", "cifar10-simclr", "cifar100-simsiam", "cifar100-simclr", "imagenet100-simsiam",
    "imagenet100-simclr", "cifar10-quick", "shapes-quick",
  ]

  @Test func thereAreNoOthers() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    #expect(files.sorted() == Self.names.map { $0 + ".yaml" }.sorted())
  }

  @Test(arguments: names) func presetLoads(name: String) throws {
    let path = Self.folder.appendingPathComponent(name + ".yaml").path
    let configuration = try Configuration(contentsOf: path)
    #expect(configuration.gates.enabled)
    #expect(configuration.gates.target == 0.5)
    #expect(configuration.objective.name == (name.hasSuffix("simsiam") ? .simsiam : .simclr))
    #expect(configuration.conflict(imageCount: 10_000, worldSize: 8) == nil)
    #expect(configuration.annealingRate == 0.02 * 500 / Double(configuration.epochs))
    #expect(configuration.optimizer.name == (name.hasSuffix("-simclr") ? .lars : .sgd))
    if name.hasSuffix("-simclr") {
      #expect(configuration.optimizer.learningRateScaling == .linear)
      #expect(configuration.peakLearningRate == (name.hasPrefix("cifar") ? 0.4 : 0.3))
      #expect(configuration.optimizer.weightDecay == 1e-4)
      #expect(configuration.objective.temperature == 0.2)
      #expect(
        configuration.objective.projectorWidths == (name.hasPrefix("cifar") ? [2048, 256] : [4096, 512]))
    }
    if name.hasPrefix("cifar") {
      #expect(configuration.network.stemPadding == (name.hasSuffix("simsiam") ? 2 : 1))
    }
  }
}
