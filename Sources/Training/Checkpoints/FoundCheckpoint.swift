import Foundation
import Foundations

/// A checkpoint as its folder shows it, whole or not.
public struct FoundCheckpoint: Sendable, Equatable {
  public let step: Int
  /// Its folder, `step-…`.
  public let path: String
  /// The epoch of its step, from 0; nil where that cannot be read.
  public let epoch: Int?
  /// Of all files in the folder.
  public let bytes: Int
  /// Whether `latest` leads to it.
  public let isLatest: Bool
  /// What is wrong, file by file.
  public let problems: [CheckpointError]

  public var isWhole: Bool { problems.isEmpty }

  /// - Parameters:
  ///   - reading: Whether every byte is looked at, and not just which files there are and how long they are.
  ///   - progress: Is told the share of its files that was looked at.
  init(step: Int, path: String, isLatest: Bool, reading: Bool, progress: (Double) -> Void = { _ in }) {
    self.step = step
    self.path = path
    self.isLatest = isLatest
    bytes = Self.bytes(in: path)
    var problems: [CheckpointError] = []
    var epoch: Int?
    do throws(CheckpointError) {
      let manifest = try CheckpointManifest(in: path)
      let names = manifest.fileNames
      for (number, name) in names.enumerated() {
        progress(Double(number) / Double(names.count))
        do throws(CheckpointError) {
          try manifest.verify(name, in: path, reading: reading)
          if name == TrainingState.fileName { epoch = Self.epoch(in: path) }
        } catch {
          problems.append(error)
        }
      }
    } catch {
      problems.append(error)
    }
    (self.epoch, self.problems) = (epoch, problems)
  }

  private static func epoch(in path: String) -> Int? {
    let file = "\(path)/\(TrainingState.fileName)"
    return (try? RegularFile(file)?.read()).flatMap { try? TrainingState(Data($0), path: file).epoch }
  }

  private static func bytes(in path: String) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.reduce(0) { sum, name in sum + ((try? RegularFile("\(path)/\(name)"))?.size ?? 0) }
  }
}

extension FoundCheckpoint {
  /// What is known of it, for a line that names it.
  var verdict: String {
    isWhole ? "whole" : problems.map { $0.words(in: path) }.joined(separator: "; ")
  }

  var json: JSONValue {
    .object([
      "step": .integer(step), "epoch": epoch.map(JSONValue.integer) ?? .null, "path": .text(path),
      "bytes": .integer(bytes), "latest": .flag(isLatest), "whole": .flag(isWhole),
      "problems": .list(problems.map { .text("\($0)") }),
    ])
  }
}

extension CheckpointError {
  /// The sentence for somebody who knows the folder of the checkpoint.
  fileprivate func words(in folder: String) -> String {
    let text = "\(self)"
    return [folder + "/", folder + ": "].first(where: text.hasPrefix).map { String(text.dropFirst($0.count)) }
      ?? text
  }
}
