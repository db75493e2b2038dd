const folders: Record<string, string> = {
  report: "/reports", clue: "/clues", number: "/clues", lookup: "/lookups", disposal: "/disposals", den: "/dens", place: "/dens", dossier: "/dossiers", case: "/dossiers",
  proposal: "/register/proposals", listing: "/register/listings", penalty: "/register/penalties", notice: "/register/notices", objection: "/register/objections", batch: "/register/batches",
  policy: "/drafts",
  alert: "/alerts", rulepack: "/rulepacks",
  institution: "/institutions", account: "/users",
}

/** The page of a record, if it has one. */
export function pathOf(kind: string, id: string): string | undefined {
  const folder = folders[kind]
  return folder && id ? `${folder}/${encodeURIComponent(id)}` : undefined
}
