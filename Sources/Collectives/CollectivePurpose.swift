/// What ranks meet for, in the words in which a person hears of a rank that does not come.
package enum CollectivePurpose: UInt8, CaseIterable, Codable, Sendable {
  case start, barrier, broadcast, gathering, agreement, stopVote, nextImages, statistics, counts, embeddings
  case rows, weights, gradients, times

  package var name: String {
    switch self {
    case .start: "start"
    case .barrier: "barrier"
    case .broadcast: "broadcast"
    case .gathering: "gathering"
    case .agreement: "agreement"
    case .stopVote: "stop vote"
    case .nextImages: "next images and stop vote"
    case .statistics: "sums over the batch"
    case .counts: "counts"
    case .embeddings: "embeddings"
    case .rows: "gathered rows"
    case .weights: "weights"
    case .gradients: "gradients"
    case .times: "times of ranks"
    }
  }
}
