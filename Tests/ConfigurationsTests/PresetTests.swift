import Foundation
import Objectives
import Testing

@testable import Configurations

@Suite struct PresetTests {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("configs")

  static let names = [
    "cifar10-simsiam", "cifar10-simclr", "cifar100-simsiam", "cifar100-simclr", "imagenet100-simsiam",
    "imagenet100-simclr", "cifar10-quick", "shapes-quick",
    "tiny-imagenet100-simsiam", "tiny-imagenet100-simclr", "tiny-imagenet100-quick",
  ]

  /// For `sluice prune` and studies of it.
  static let pruningNames = ["prune-cifar10", "prune-imagenet100"]

  /// What a preset comes to on data whose size it leaves open.
  static func read(_ path: String, _ settings: [String] = []) throws -> Configuration {
    try ConfigurationFile(contentsOf: path, settings: settings).resolved(imageSize: 32)
  }

  @Test func thereAreNoOthers() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    #expect(files.sorted() == (Self.names + Self.pruningNames).map { $0 + ".yaml" }.sorted())
  }

  /// One to many ranks, and every batch that the file speaks of.
  @Test func imageNetRunsOnOneToManyRanks() throws {
    for name in ["imagenet100-simsiam", "imagenet100-simclr"] {
      let path = Self.folder.appendingPathComponent(name + ".yaml").path
      for ranks in [1, 2, 4, 8, 16, 32] {
        let plain = try Self.read(path)
        #expect(plain.conflict(imageCount: 126_689, worldSize: ranks) == nil, "\(name), \(ranks)")
        for setting in ["batch.global=4096", "batch.micro=256"] {
          let other = try Self.read(path, [setting])
          #expect(
            other.conflict(imageCount: 126_689, worldSize: ranks) == nil, "\(name), \(ranks), \(setting)")
        }
      }
    }
    let large = try Self.read(
      Self.folder.appendingPathComponent("imagenet100-simclr.yaml").path, ["batch.global=4096"])
    #expect(large.conflict(imageCount: 126_689, worldSize: 512) == nil)
    #expect(large.peakLearningRate == 4.8)
  }

  /// Labels first, and the same file for every other task.
  @Test(arguments: pruningNames, ["supervised", "rotnet", "npid", "simclr"])
  func pruningPresetLoads(name: String, objective: String) throws {
    let path = Self.folder.appendingPathComponent(name + ".yaml").path
    #expect(try Self.read(path).objective.name == .supervised)
    let configuration = try Self.read(path, ["objective.name=\(objective)"])
    #expect(!configuration.gates.enabled && configuration.optimizer.name == .sgd)
    #expect(configuration.network.family == (name.hasSuffix("cifar10") ? .vgg : .resnet))
    #expect(configuration.network.inputSize == (name.hasSuffix("cifar10") ? 32 : 224))
    #expect(configuration.pruning == PruningSettings())
    for ranks in [1, 2, 4, 8] {
      #expect(configuration.conflict(imageCount: 50_000, worldSize: ranks) == nil, "\(ranks) ranks")
    }
  }

  @Test(arguments: names) func presetLoads(name: String) throws {
    let path = Self.folder.appendingPathComponent(name + ".yaml").path
    let configuration = try Self.read(path)
    #expect(configuration.gates.enabled)
    #expect(configuration.gates.target == 0.5)
    #expect(configuration.objective.name == (name.hasSuffix("simsiam") ? .simsiam : .simclr))
    #expect(configuration.conflict(imageCount: 10_000, worldSize: 8) == nil)
    #expect(configuration.annealingRate == 0.02 * 500 / Double(configuration.epochs))
    #expect(configuration.optimizer.name == (name.hasSuffix("-simclr") ? .lars : .sgd))
    if name.hasSuffix("-simclr") {
      #expect(configuration.optimizer.learningRateScaling == .linear)
      #expect(configuration.peakLearningRate == (name.hasPrefix("imagenet") ? 0.3 : 0.4))
      #expect(configuration.optimizer.weightDecay == 1e-4)
      let simCLR = configuration.objective[SimCLR.Settings.self]
      #expect(simCLR.temperature == 0.2)
      #expect(simCLR.projector == (name.hasPrefix("imagenet") ? [4096, 512] : [2048, 256]))
    }
    let size = name.hasPrefix("imagenet") ? 224 : name.hasPrefix("tiny") ? 64 : 32
    #expect(configuration.network.inputSize == size)
    #expect(configuration.augmentation.blurProbability == (name.hasPrefix("imagenet") ? 0.5 : 0))
    if name.hasPrefix("cifar") {
      #expect(configuration.network.stemPadding == (name.hasSuffix("simsiam") ? 2 : 1))
    }
  }
}
