import Collectives
import Configurations
import Foundations

/// Why a network cannot be fine-tuned, in one sentence.
enum FinetuneError: Error, Equatable, CustomStringConvertible {
  case tooFewImages(LabelShare, images: Int, of: Int)
  /// Ranks among which a batch cannot be dealt out in whole shards.
  case ranks(Int, LabelShare, Configuration)
  /// - Parameter problem: What is needed, and what there is.
  case noMemory(problem: String)

  var description: String {
    switch self {
    case .tooFewImages(let share, let images, let all):
      return
        "\(share.text) of the labels, and one of every class, are \(images) of \(counted(all, "image")); fine-tuning "
        + "needs at least \(Configuration.fewestFinetuningImages): give a larger share with --labels, or data with more "
        + "labelled images"
    case .ranks(let ranks, let share, let configuration):
      let (batch, shard) = (configuration.batch.global, configuration.batch.shard)
      // A batch has eight shards at least.
      let fitting: [Int] = (0..<Int.bitWidth - 1).map { 1 << $0 }.filter { $0 <= batch / shard }
      let counts = fitting.dropLast().map(String.init).joined(separator: ", ")
      return
        "fine-tuning with \(share.text) of the labels takes batches of \(batch) images in shards of \(shard), which "
        + "\(counted(ranks, "rank")) cannot share evenly: start \(counts) or \(batch / shard) ranks"
    case .noMemory(let problem):
      return "fine-tuning: \(problem): use more nodes, or a machine with more memory"
    }
  }
}

/// A value that is not finite: found in sums over the global batch, so that every rank throws it.
struct FinetuneFailure: SharedFailure, Equatable, CustomStringConvertible {
  let share: LabelShare
  let seed: UInt64
  let step: Int
  let layer: String

  var description: String {
    "fine-tuning with \(share.text) of the labels, seed \(seed), step \(step): a non-finite value first appeared at "
      + "'\(layer)'; a lower --learning-rate usually helps"
  }
}
