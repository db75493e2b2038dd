import { useEffect, useState } from "react"

/** A value once it has stood still for 0.3 s: typing asks once. */
export function useSettled<T>(value: T): T {
  const [settled, set] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => set(value), 300)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
